package state

import (
	"bytes"
	"hash/maphash"
	"sync"
	"time"
	"unique"
)

// plainDecoder decodes what most entries of a large fleet are: as encode writes them, of plain ASCII, without an alert or a
// failure. It leaves all others to the general decoder, which took a third of what opening a large store takes. It is not for
// concurrent use.
type plainDecoder struct{ texts sharedTexts }

// key is decodeKey, with texts that are kept once.
func (d *plainDecoder) key(key string) (Key, error) {
	k, err := decodeKey(key)
	if err != nil {
		return Key{}, err
	}
	return Key{Machine: d.texts.of([]byte(k.Machine)), Pack: d.texts.of([]byte(k.Pack))}, nil
}

// plainDecoders are decoders for whoever needs one at the moment.
type plainDecoders struct{ idle sync.Pool }

func (p *plainDecoders) record(k Key, value []byte) (*Record, error) {
	d := p.take()
	defer p.idle.Put(d)
	return d.record(k, value)
}

func (p *plainDecoders) machine(name string, value []byte) (*Machine, error) {
	d := p.take()
	defer p.idle.Put(d)
	return d.machine(name, value)
}

func (p *plainDecoders) take() *plainDecoder {
	if d, ok := p.idle.Get().(*plainDecoder); ok {
		return d
	}
	return newPlainDecoder()
}

// record is decodeRecord.
func (d *plainDecoder) record(k Key, value []byte) (*Record, error) {
	s := plainScanner{rest: value, texts: &d.texts}
	if r := s.record(k); s.whole() && r.Recent.check() == nil {
		return r, nil
	}
	return decodeRecord(k, value)
}

// machine is decodeMachine.
func (d *plainDecoder) machine(name string, value []byte) (*Machine, error) {
	s := plainScanner{rest: value, texts: &d.texts}
	if m := s.machine(name); s.whole() {
		return m, nil
	}
	return decodeMachine(name, value)
}

// sharedTexts keeps the last of the texts that many entries have alike, and finds them without a copy.
type sharedTexts struct {
	seed maphash.Seed
	last [256]string
}

func newPlainDecoder() *plainDecoder {
	return &plainDecoder{sharedTexts{seed: maphash.MakeSeed()}}
}

func (t *sharedTexts) of(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	kept := &t.last[maphash.Bytes(t.seed, text)%uint64(len(t.last))]
	if *kept != string(text) {
		*kept = unique.Make(string(text)).Value()
	}
	return *kept
}

// plainScanner reads an entry from the start of what is left.
type plainScanner struct {
	rest   []byte
	texts  *sharedTexts
	failed bool // it is none that is plain
}

// whole tells whether all of the entry was read.
func (s *plainScanner) whole() bool { return !s.failed && len(s.rest) == 0 }

func (s *plainScanner) record(k Key) *Record {
	r := &Record{Key: k}
	s.must(`{"machine":`)
	s.same(k.Machine)
	s.must(`,"pack":`)
	s.same(k.Pack)
	if s.next(`,"verdict":`) {
		r.Verdict = s.verdict()
	}
	s.must(`,"attempt":`)
	s.attempt(&r.Attempt)
	if s.next(`,"recent":`) {
		r.Recent = PackedChecks(s.text())
	}
	if s.next(`,"retired":`) {
		r.Retired = s.time()
	}
	if s.next(`,"detail_revision":`) {
		r.DetailRevision = uint64(s.number())
	}
	if s.next(`,"detail_digest":`) {
		_ = r.DetailDigest.UnmarshalText(s.text()) // never fails
	}
	if s.next(`,"history_revision":`) {
		r.HistoryRevision = uint64(s.number())
	}
	s.must("}")
	return r
}

func (s *plainScanner) verdict() *Verdict {
	v := &Verdict{}
	s.must(`{"status":`)
	v.Status = Status(s.shared())
	s.must(`,"at":`)
	v.At = s.time()
	s.must(`,"since":`)
	v.Since = s.time()
	s.must(`,"run":`)
	v.Run = s.shared()
	s.must(`,"items":`)
	v.Items = int(s.number())
	s.must(`,"mismatches":`)
	v.Mismatches = int(s.number())
	if s.next(`,"waived":`) {
		v.Waived = int(s.number())
	}
	if s.next(`,"cause":`) {
		v.Cause = Cause(s.shared())
	}
	s.must(`,"pack_digest":`)
	v.PackDigest = s.shared()
	if s.next(`,"waiver_expires":`) {
		v.WaiverExpires = s.time()
	}
	s.must("}")
	return v
}

func (s *plainScanner) attempt(a *Attempt) {
	s.must(`{"status":`)
	a.Status = Status(s.shared())
	s.must(`,"at":`)
	a.At = s.time()
	s.must(`,"run":`)
	a.Run = s.shared()
	s.must(`,"duration":`)
	a.Duration = time.Duration(s.number())
	if s.next(`,"reason":`) {
		a.Reason = Reason(s.shared())
	}
	if s.next(`,"message":`) {
		a.Message = string(s.text())
	}
	if s.next(`,"errors":`) {
		a.Errors = int(s.number())
	}
	s.must("}")
}

func (s *plainScanner) machine(name string) *Machine {
	m := &Machine{Name: name}
	s.must(`{"name":`)
	s.same(name)
	s.must(`,"run":`)
	m.Run = s.shared()
	s.must(`,"at":`)
	m.At = s.time()
	s.must(`,"duration":`)
	m.Duration = time.Duration(s.number())
	s.must(`,"facts":{`)
	s.facts(&m.Facts)
	s.must("}}")
	return m
}

func (s *plainScanner) facts(f *Facts) {
	separator := ""
	for _, fact := range []struct {
		name string
		into *string
	}{
		{`"os":`, &f.OS}, {`"version":`, &f.Version}, {`"name":`, &f.Name}, {`"kernel":`, &f.Kernel}, {`"arch":`, &f.Arch},
		{`"hostname":`, &f.Hostname}, {`"package_manager":`, &f.PackageManager}, {`"init":`, &f.Init}, {`"user":`, &f.User},
		{`"home":`, &f.Home},
	} {
		if !bytes.HasPrefix(s.rest, []byte(separator+fact.name)) {
			continue
		}
		s.must(separator + fact.name)
		*fact.into = s.shared()
		separator = ","
	}
}

// next skips a text if it comes next, and tells whether it did.
func (s *plainScanner) next(text string) bool {
	if s.failed || len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

func (s *plainScanner) must(text string) {
	if !s.next(text) {
		s.failed = true
	}
}

// text is a string that stands for itself.
func (s *plainScanner) text() []byte {
	s.must(`"`)
	for i, c := range s.rest {
		switch {
		case c == '"':
			text := s.rest[:i]
			s.rest = s.rest[i+1:]
			return text
		case c < ' ' || c == '\\' || c > '~':
			s.failed = true
			return nil
		}
	}
	s.failed = true
	return nil
}

func (s *plainScanner) shared() string { return s.texts.of(s.text()) }

// same is a string that is that one.
func (s *plainScanner) same(want string) {
	if string(s.text()) != want {
		s.failed = true
	}
}

// time is one in UTC.
func (s *plainScanner) time() time.Time {
	var t time.Time
	if text := s.text(); !bytes.HasSuffix(text, []byte("Z")) || t.UnmarshalText(text) != nil {
		s.failed = true
	}
	return t
}

// plainDigits is as many as fit all numbers, whatever the digits.
const plainDigits = 18

// number is a number that is not negative.
func (s *plainScanner) number() int64 {
	var number int64
	n := 0
	for ; n < len(s.rest) && '0' <= s.rest[n] && s.rest[n] <= '9'; n++ {
		if n == plainDigits {
			s.failed = true
			return 0
		}
		number = 10*number + int64(s.rest[n]-'0')
	}
	if n == 0 || n > 1 && s.rest[0] == '0' {
		s.failed = true
		return 0
	}
	s.rest = s.rest[n:]
	return number
}
