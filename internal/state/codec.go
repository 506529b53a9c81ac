package state

import (
	"errors"
	"fmt"
	"unique"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// asEncodingJSON makes the engine of the coming encoding/json/v2 read what encoding/json reads, and write what that
// writes, byte for byte, since digests depend on it: but U+FFFD, which stands for bytes that are no text, as itself.
var asEncodingJSON = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsontext.EscapeForHTML(false))

// encode is JSON as it is stored: without HTML escapes, which would only make it longer.
func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v, asEncodingJSON)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return b, nil
}

// decode reads what encode wrote, or any JSON.
func decode(value []byte, into any) error {
	if err := json.Unmarshal(value, into, asEncodingJSON); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
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
	var corrupt error
	if err := decode(value, r); err != nil {
		if r, corrupt, err = decodeLenient(value); err != nil {
			return nil, err
		}
	}
	if r.Key != k {
		return nil, fmt.Errorf("it is %s's", r.Key)
	}
	if err := r.Recent.check(); err != nil {
		r.Recent, corrupt = "", err
	}
	r.share(k)
	return r, corrupt
}

// decodeLenient is decoding a record whatever its recent checks are: corrupt says that they are none.
func decodeLenient(value []byte) (r *Record, corrupt, err error) {
	r = &Record{}
	entry := struct {
		*Record
		Recent jsontext.Value `json:"recent"` // hides the record's
	}{Record: r}
	if err := decode(value, &entry); err != nil {
		return nil, nil, err
	}
	return r, errNoText, nil
}

var errNoText = errors.New("recent checks: no text")

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

// decodeSharedKey is decodeKey, with texts that are kept once.
func decodeSharedKey(key string) (Key, error) {
	k, err := decodeKey(key)
	intern(&k.Machine, &k.Pack)
	return k, err
}

func decodeMachine(name string, value []byte) (*Machine, error) {
	m := &Machine{}
	if err := decode(value, m); err != nil {
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
	if err := decode(value, r); err != nil {
		return nil, err
	}
	if r.ID != id {
		return nil, fmt.Errorf("it is %s's", r.ID)
	}
	return r, nil
}
