package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExternalURL(t *testing.T) {
	for name, test := range map[string]struct {
		given, listen, want string
	}{
		"host and port unless given":     {"", ":10186", "http://drift.example:10186/"},
		"the port of a loopback address": {"", "127.0.0.1:8080", "http://drift.example:8080/"},
		"as given":                       {"https://drift.example.org", ":10186", "https://drift.example.org/"},
		"with a path":                    {"https://example.org/drift/", ":10186", "https://example.org/drift"},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := externalURL(test.given, "drift.example", test.listen)
			require.NoError(t, err)
			assert.Equal(t, test.want, u.String())
		})
	}
	for _, given := range []string{"drift.example.org", "ftp://drift.example.org", "http://", "http://user:secret@host/", "http://host/?x=1", "http://host/#x",
		"http://user:secret%zz@host/", "http://user:secret @host/"} {
		_, err := externalURL(given, "h", ":1")
		require.Error(t, err, given)
		assert.NotContains(t, err.Error(), "secret")
	}
}
