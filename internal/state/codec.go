package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unique"
)

// encode is JSON as it is stored: without HTML escapes, which would only make it longer.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// size is the length of v as it is stored.
func size(v any) int {
	b, err := encode(v)
	if err != nil {
		return 0 // none of our types can fail
	}
	return len(b)
}

// decodeRecord decodes a state entry. Where all that is corrupt is what it keeps of recent checks, it returns the
// record without them beside the error: a verdict and an alert count for more than they do.
func decodeRecord(k Key, value []byte) (*Record, error) {
	r := &Record{}
	entry := struct {
		*Record
		Recent lenientChecks `json:"recent"` // hides the record's
	}{Record: r}
	if err := json.Unmarshal(value, &entry); err != nil {
		return nil, err
	}
	if r.Key != k {
		return nil, fmt.Errorf("it is %s's", r.Key)
	}
	r.Recent = entry.Recent.PackedChecks
	r.share(k)
	return r, entry.Recent.err
}

// share takes the texts that many records have alike from one place: of a large fleet they are most of the texts.
func (r *Record) share(k Key) {
	r.Key = k
	intern(&r.Machine, &r.Pack, &r.Attempt.Run, (*string)(&r.Attempt.Status), (*string)(&r.Attempt.Reason))
	if v := r.Verdict; v != nil {
		intern(&v.Run, &v.PackDigest, (*string)(&v.Status), (*string)(&v.Cause))
	}
}

// intern replaces texts by equal ones that are kept once.
func intern(texts ...*string) {
	for _, text := range texts {
		*text = unique.Make(*text).Value()
	}
}

func decodeMachine(name string, value []byte) (*Machine, error) {
	m := &Machine{}
	if err := json.Unmarshal(value, m); err != nil {
		return nil, err
	}
	if m.Name != name {
		return nil, fmt.Errorf("it is %s's", m.Name)
	}
	f := &m.Facts
	intern(&m.Name, &m.Run, &f.OS, &f.Version, &f.Name, &f.Kernel, &f.Arch, &f.PackageManager, &f.Init, &f.User, &f.Home)
	return m, nil
}

func decodeRunEntry(id string, value []byte) (*Run, error) {
	r := &Run{}
	if err := json.Unmarshal(value, r); err != nil {
		return nil, err
	}
	if r.ID != id {
		return nil, fmt.Errorf("it is %s's", r.ID)
	}
	return r, nil
}
