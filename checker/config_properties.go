package checker

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// propertiesDocument is a properties file of Java, as java.util.Properties.load defines it.
type propertiesDocument map[string]property

type property struct {
	value string
	line  int
}

func (d propertiesDocument) value(c *configItem) (configValue, error) {
	got, ok := d[c.key]
	switch {
	case !ok:
		return configValue{}, nil
	case !utf8.ValidString(got.value):
		return configValue{}, atLine(got.line, "the value is not valid UTF-8")
	}
	return scalarRead(got.value)
}

const propertyBlanks = " \t\f"

func parseProperties(content []byte) (configDocument, error) {
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(content))
	document := propertiesDocument{}
	number := 0
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		number++
		first := number
		line = strings.TrimLeft(line, propertyBlanks)
		if line == "" || line[0] == '#' || line[0] == '!' {
			continue
		}
		var logical strings.Builder
		for continued(line) {
			logical.WriteString(line[:len(line)-1])
			line, text, _ = strings.Cut(text, "\n")
			line = strings.TrimLeft(line, propertyBlanks)
			number++
		}
		logical.WriteString(line)
		if err := document.set(logical.String(), first); err != nil {
			return nil, err
		}
	}
	return document, nil
}

// continued tells whether a line ends with an odd number of backslashes.
func continued(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// set takes a logical line apart: the key ends at the first blank, = or colon that is not escaped.
func (d propertiesDocument) set(line string, number int) error {
	end := 0
	for end < len(line) && strings.IndexByte(propertyBlanks+"=:", line[end]) < 0 {
		if line[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(line))
	rest := strings.TrimLeft(line[end:], propertyBlanks)
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], propertyBlanks)
	}
	key, keyOK := unescapeProperty(line[:end])
	value, valueOK := unescapeProperty(rest)
	if !keyOK || !valueOK {
		return atLine(number, `holds a \u without four hexadecimal digits`)
	}
	d[key] = property{value: value, line: number}
	return nil
}

func unescapeProperty(text string) (string, bool) {
	if !strings.Contains(text, `\`) {
		return text, true
	}
	var out strings.Builder
	var units []uint16 // of UTF-16, not written yet
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) && text[i+1] == 'u' {
			unit, err := strconv.ParseUint(text[i+2:min(i+6, len(text))], 16, 16)
			if err != nil || len(text) < i+6 {
				return "", false
			}
			units = append(units, uint16(unit))
			i += 5
			continue
		}
		out.WriteString(string(utf16.Decode(units)))
		units = nil
		if c == '\\' && i+1 < len(text) {
			i++
			c = text[i]
			if at := strings.IndexByte("tnrf", c); at >= 0 {
				c = "\t\n\r\f"[at]
			}
		}
		out.WriteByte(c)
	}
	out.WriteString(string(utf16.Decode(units)))
	return out.String(), true
}
