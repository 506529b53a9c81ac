package fleetbench

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	oneNonce     = "00112233445566778899aabbccddeeff"
	anotherNonce = "ffeeddccbbaa99887766554433221100"
	sentText     = "{\nscript NONCE login\nexit\n}\nfile\n=/a\n.\nstage\npackage\n=b\n.\nstage\nbye\n"
	saidText     = "\nready\n\nNONCE fact ID debian\n\nNONCE facts\n\nNONCE 1 val x\n\nNONCE stage 1\n\nNONCE 2 val y\n\nNONCE stage 2\n\nNONCE bye 2\n"
)

func with(nonce, text string) string { return strings.ReplaceAll(text, "NONCE", nonce) }

func TestACheckIsAnsweredAsItWasButForTheNonce(t *testing.T) {
	r, err := ParseRecording([]byte(with(oneNonce, sentText)), []byte(with(oneNonce, saidText)))
	require.NoError(t, err)
	assert.Len(t, r.Exchanges, 4) // the script and the facts, two stages, the goodbye
	file := filepath.Join(t.TempDir(), "recording")
	require.NoError(t, r.Write(file))
	r, err = ReadRecording(file)
	require.NoError(t, err)
	var said bytes.Buffer
	code := r.Play()(t.Context(), io.NopCloser(strings.NewReader(with(anotherNonce, sentText))), &said, io.Discard)
	assert.Equal(t, 0, code)
	assert.Equal(t, with(anotherNonce, saidText), said.String())
	assert.Len(t, r.Output(), said.Len())
}

func TestAnAnswerComesOnlyAfterItsQuestion(t *testing.T) {
	r, err := ParseRecording([]byte(with(oneNonce, sentText)), []byte(with(oneNonce, saidText)))
	require.NoError(t, err)
	for sent, said := range map[string]string{
		with(anotherNonce, "{\nscript NONCE login\nexit\n"):      "",
		with(anotherNonce, "{\nscript NONCE login\nexit\n}\nfi"): with(anotherNonce, "\nready\n\nNONCE fact ID debian\n\nNONCE facts\n"),
	} {
		var got bytes.Buffer
		assert.Equal(t, 1, r.Play()(t.Context(), io.NopCloser(strings.NewReader(sent)), &got, io.Discard))
		assert.Equal(t, said, got.String())
	}
}

func TestWhatWasNotRecordedIsNotAnswered(t *testing.T) {
	r, err := ParseRecording([]byte(with(oneNonce, sentText)), []byte(with(oneNonce, saidText)))
	require.NoError(t, err)
	for name, sent := range map[string]string{
		"another script":   strings.Replace(sentText, "script", "scripT", 1),
		"another question": strings.Replace(sentText, "=/a", "=/b", 1),
		"another goodbye":  strings.Replace(sentText, "bye", "by!", 1),
	} {
		var got bytes.Buffer
		assert.Equal(t, 1, r.Play()(t.Context(), io.NopCloser(strings.NewReader(with(anotherNonce, sent))), &got, io.Discard), name)
		assert.NotContains(t, got.String(), "bye", name)
	}
}

func TestADialogueOfAnotherShapeIsNotRecorded(t *testing.T) {
	for name, c := range map[string]struct{ in, out, err string }{
		"no facts":       {sentText, "\nready\n", "no facts were answered"},
		"a stage more":   {sentText, strings.Replace(saidText, "\nNONCE stage 1\n", "", 1), "4 requests and 3 answers"},
		"an answer more": {strings.Replace(sentText, "stage\n", "", 1), saidText, "3 requests and 4 answers"},
	} {
		_, err := ParseRecording([]byte(with(oneNonce, c.in)), []byte(with(oneNonce, c.out)))
		assert.ErrorContains(t, err, c.err, name)
	}
}
