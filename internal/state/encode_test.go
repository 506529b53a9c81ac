package state

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEncodeKey(t *testing.T) {
	for name, tc := range map[string]struct {
		key  Key
		want string
	}{
		"plain":          {Key{"web1", "base"}, "web1.base"},
		"dots":           {Key{"web1.example.com", "cis.v2"}, "web1=example=com.cis=v2"},
		"all characters": {Key{"A-b_c.9", "0._-"}, "A-b_c=9.0=_-"},
		"longest":        {Key{strings.Repeat("a", maxID), "b"}, strings.Repeat("a", maxID) + ".b"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := encodeKey(tc.key)
			require.NoError(t, err)
			assert.Equal(t, tc.want, got)
			back, err := decodeKey(got)
			require.NoError(t, err)
			assert.Equal(t, tc.key, back)
		})
	}
}

func TestEncodeKeyRefuses(t *testing.T) {
	for name, id := range map[string]string{
		"empty": "", "leading dot": ".a", "leading dash": "-a", "leading underscore": "_",
		"equals sign, which stands for a dot": "a=b", "wildcard": "*", "rest": ">", "space": "a b",
		"slash": "a/b", "newline": "a\n", "NUL": "a\x00", "umlaut": "ä", "invalid UTF-8": "a\xff",
		"too long": strings.Repeat("a", maxID+1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := encodeKey(Key{id, "base"})
			require.ErrorContains(t, err, "machine id")
			_, err = encodeKey(Key{"web1", id})
			require.ErrorContains(t, err, "pack id")
		})
	}
}

func TestEncodeRun(t *testing.T) {
	for id, want := range map[string]string{
		"2026-01-29T06:00:00Z":     "2026-01-29T06_00_00Z",
		"2026-01-29T06:00:00.12Z":  "2026-01-29T06_00_00=12Z",
		"2026-01-29T06:00:00.123Z": "2026-01-29T06_00_00=123Z",
	} {
		got, err := encodeRun(id)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		back, err := decodeRun(got)
		require.NoError(t, err)
		assert.Equal(t, id, back)
	}
	for _, id := range []string{
		"", "run1", "2026-01-29", "2026-01-29T07:00:00+01:00", "2026-01-29T06:00:00.000Z", "2026-01-29T06:00:00.1234Z",
	} {
		_, err := encodeRun(id)
		require.Error(t, err, id)
	}
}

func TestCompareRunIDsOrdersByInstant(t *testing.T) {
	earlier, later := "2026-01-29T06:00:00Z", "2026-01-29T06:00:00.5Z"
	require.Greater(t, earlier, later, "as strings they are in the wrong order")
	assert.Equal(t, -1, CompareRunIDs(earlier, later))
	assert.Equal(t, 1, CompareRunIDs(later, earlier))
	assert.Equal(t, 0, CompareRunIDs(later, later))
	assert.Equal(t, -1, CompareRunIDs("", earlier))
	assert.Equal(t, 1, CompareRunIDs(earlier, "nonsense"))
	assert.Equal(t, 0, CompareRunIDs("", ""))
}

// validKey is what NATS takes as a key, and what a bucket's pair has: two tokens.
var validKey = regexp.MustCompile(`^[-/_=a-zA-Z0-9]+\.[-/_=a-zA-Z0-9]+$`)

func FuzzEncodeKey(f *testing.F) {
	f.Add("web1", "base", "web1", "base")
	f.Add("a.b", "c", "a", "b.c")
	f.Add("a=b", "c", "a.b", "c")
	f.Add("_", "-", ".", "")
	f.Fuzz(func(t *testing.T, machine1, pack1, machine2, pack2 string) {
		k1, k2 := Key{machine1, pack1}, Key{machine2, pack2}
		e1, err := encodeKey(k1)
		if err != nil {
			return
		}
		require.Regexp(t, validKey, e1)
		back, err := decodeKey(e1)
		require.NoError(t, err)
		require.Equal(t, k1, back)
		if e2, err := encodeKey(k2); err == nil && k1 != k2 {
			require.NotEqual(t, e1, e2)
		}
	})
}

func FuzzDecodeKey(f *testing.F) {
	f.Add("web1.base")
	f.Add("web1=example.base")
	f.Add("a.b.c")
	f.Add("=.b")
	f.Fuzz(func(t *testing.T, key string) {
		k, err := decodeKey(key)
		if err != nil {
			return
		}
		back, err := encodeKey(k)
		require.NoError(t, err)
		require.Equal(t, key, back)
	})
}

func FuzzEncodeRun(f *testing.F) {
	f.Add(int64(1769666400000))
	f.Add(int64(0))
	f.Add(int64(1769666400120))
	f.Fuzz(func(t *testing.T, millis int64) {
		at := time.UnixMilli(millis)
		if y := at.UTC().Year(); y < 0 || y > 9999 {
			return
		}
		id := RunID(at)
		key, err := encodeRun(id)
		require.NoError(t, err)
		back, err := decodeRun(key)
		require.NoError(t, err)
		require.Equal(t, id, back)
	})
}
