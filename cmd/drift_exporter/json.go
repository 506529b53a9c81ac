package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
)

// writeJSON writes a value for programs. People look at it as well: what does not print is in it as \u1234, which
// is the same text to a program, so that nothing in it acts upon a terminal.
func writeJSON(w io.Writer, value any) error {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	// Outside of strings there are only line ends.
	_, err := w.Write(plaintext.EscapeJSON(plain.Bytes(), func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }))
	return err
}
