package checker

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// dialogue is a session with a machine's shell, from the script's start to its goodbye.
type dialogue struct {
	*workspace
	session    Session
	ops        map[string]bool // that the script answers
	introduced bool            // the script has the nonce
	frames     *frameReader
	nonce      string
	writing    chan error // of the write under way; nil: none
	unclear    []Question // whose answers were not told apart since they were last asked
	large      []Question // whose answers are kept only as long as an item waits for them
	helper     *installed // what runs there, if it is an installed script
}

// startDialogue starts a script that answers these ops on a machine and waits until it is ready. If there is a dialogue it
// has to be closed, also after an error: what the session has to say about it is still there.
func startDialogue(ctx context.Context, t Transport, m *config.Machine, ops map[string]bool, nonce string) (*dialogue, error) {
	argv, err := remoteCommand(m)
	if err != nil {
		return nil, err
	}
	session, err := t.Start(ctx, m, argv)
	if err != nil {
		return nil, err
	}
	d := &dialogue{
		workspace: newWorkspace(), session: session, ops: ops, frames: newFrameReader(session.Stdout(), nonce), nonce: nonce,
	}
	switch {
	case m.SSH.Helper != "":
	case m.ConfigUser != "": // a text of the configuration, which may not be a part of the script
		d.write(sentScript(ops))
	default:
		d.introduced = true
		introduce(&d.text, sentScript(ops), nonce, howOf(m))
		d.write(d.text.Bytes())
	}
	if err := d.frames.ready(); err != nil {
		return d, notReady{err}
	}
	return d, d.written()
}

// newNonce makes what tells the script's frames from all other output: 128 random bits in hex.
func newNonce() string {
	nonce := make([]byte, 16)
	rand.Read(nonce) // it never fails
	return hex.EncodeToString(nonce)
}

// notReady is a script that never ran: a refusing sudo or a login that runs something else, for instance.
type notReady struct{ error }

func (e notReady) Unwrap() error { return e.error }

// remoteCommand is what runs on the machine: /bin/sh, to which the script is sent, or the script installed there.
func remoteCommand(m *config.Machine) ([]string, error) {
	argv := []string{shellOf(m)}
	if m.Become {
		argv = []string{"sudo", "-n", "-u", m.BecomeUser, "--", shellOf(m)}
	}
	for _, word := range argv {
		if !PlainWord(word) || word == m.BecomeUser && word[0] == '-' {
			return nil, &state.Failure{
				Reason:  state.ReasonInternal,
				Message: fmt.Sprintf("cannot run %s: become_user and ssh.helper must be plain names", printable(strings.Join(argv, " "), maxText)),
			}
		}
	}
	return argv, nil
}

func shellOf(m *config.Machine) string {
	if m.SSH.Helper != "" {
		return m.SSH.Helper
	}
	return "/bin/sh"
}

// PlainWord tells whether a word, which may not be empty, is made of characters that mean the same to every shell.
func PlainWord(word string) bool { return word != "" && strings.Trim(word, plainCharacters) == "" }

const plainCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./@%+=:,-"

// maxUnread is what a machine takes without reading it, in bytes: no pipe and no window of a session is smaller.
const maxUnread = 4 << 10

// write sends text while answers are being read: neither side waits for the other with a full pipe. What every pipe holds needs
// no goroutine of its own.
func (d *dialogue) write(text []byte) {
	d.writing = make(chan error, 1)
	if len(text) <= maxUnread {
		_, err := d.session.Write(text)
		d.writing <- err
		return
	}
	go func(done chan<- error) {
		_, err := d.session.Write(text)
		done <- err
	}(d.writing)
}

// written waits for the last write.
func (d *dialogue) written() error {
	if d.writing == nil {
		return nil
	}
	err := <-d.writing
	d.writing = nil
	return err
}

// close ends the session, whatever it is doing. Nothing may be done with the dialogue any more.
func (d *dialogue) close() {
	_ = d.session.Close()
	_ = d.written()
	d.frames.close()
	if d.workspace != nil {
		d.recycle()
		d.workspace = nil
	}
}

// How the script came to run, as it needs to know it.
const (
	howLogin  = "login"  // as the user who logged in
	howBecome = "become" // through sudo: who logged in is in SUDO_USER
)

func howOf(m *config.Machine) string {
	if m.Become {
		return howBecome
	}
	return howLogin
}

// facts introduces us, if that was not done yet, and returns what the machine says of itself.
func (d *dialogue) facts(m *config.Machine) (Facts, error) {
	if strings.ContainsAny(m.ConfigUser, "\n\x00") {
		return Facts{}, &state.Failure{Reason: state.ReasonInternal, Message: "config_user holds a newline"}
	}
	if !d.introduced {
		d.write([]byte(d.nonce + "\n" + howOf(m) + "\n" + m.ConfigUser + "\n"))
	}
	raw := map[string]string{}
	for {
		frame, err := d.frames.next()
		switch {
		case err != nil:
			return Facts{}, err
		case frame.verb == "facts":
			if m.SSH.Helper != "" {
				d.helper = parseInstalled(raw)
				if err := d.helper.usable(); err != nil {
					return Facts{}, err
				}
			}
			return Facts{Facts: parseFacts(raw), Vars: m.Vars, Elevate: elevate(raw["uid"], m.Become)}, d.written()
		case frame.verb != "fact":
			return Facts{}, errMalformed
		}
		raw[frame.key] = frame.text
	}
}

// elevate is what would let a script that runs with this uid run as root.
func elevate(uid string, become bool) string {
	switch {
	case uid == "" || uid == "0":
		return ""
	case become:
		return "become_user: root"
	}
	return "become: true"
}

// maxUnclear bounds how often what was not told apart is asked for: login files may print in between, but not for ever.
const maxUnclear = 3

// ask puts questions, each of which must be new, and reads all their answers.
func (d *dialogue) ask(questions []Question) error {
	for range maxUnclear {
		d.unclear = nil
		if err := d.stage(questions); err != nil {
			return err
		}
		if questions = d.unclear; len(questions) == 0 {
			break
		}
	}
	return nil
}

// stage puts questions once.
func (d *dialogue) stage(questions []Question) error {
	text := &d.text // the last one was written
	text.Reset()
	for _, op := range opsOf(questions) {
		if !d.ops[op] {
			return fmt.Errorf("%w: the script that was sent does not answer %s", errBug, op)
		}
		text.WriteString(op + "\n")
		for _, q := range questions {
			if q.Op == op {
				text.WriteByte('=')
				text.WriteString(q.Arg)
				text.WriteByte('\n')
				d.asked = append(d.asked, q)
				d.got = append(d.got, false)
				d.frames.expect(q.Size)
				if q.Size > 0 {
					d.large = append(d.large, q.key())
				}
			}
		}
		text.WriteString(".\n")
	}
	text.WriteString("stage\n")
	d.write(text.Bytes())
	if err := d.read("stage"); err != nil {
		return err
	}
	return d.written()
}

// bye ends the dialogue. Only after it is an answer worth a verdict.
func (d *dialogue) bye() error {
	d.write([]byte("bye\n"))
	if err := d.read("bye"); err != nil {
		return err
	}
	return d.written()
}

// read takes answers until the frame that ends a stage, and demands that there is then one to every question: a
// machine that counts otherwise has not read what we sent.
func (d *dialogue) read(end string) error {
	begun := map[int]*strings.Builder{} // answers of which the last line is still to come
	for {
		frame, err := d.frames.next()
		if err != nil {
			return err
		}
		if frame.verb == end {
			if answered := d.answered(); frame.number != len(d.asked) || answered != len(d.asked) || len(begun) > 0 {
				return fmt.Errorf("%d of %d questions were answered", answered, len(d.asked))
			}
			return nil
		}
		if frame.verb == "batch" {
			err = d.share(frame)
		} else {
			err = d.take(frame, begun)
		}
		if err != nil {
			return err
		}
	}
}

func (d *dialogue) answered() int {
	n := 0
	for _, got := range d.got {
		if got {
			n++
		}
	}
	return n
}

// take takes a frame that is a part of an answer.
func (d *dialogue) take(frame frame, begun map[int]*strings.Builder) error {
	if _, err := d.open(frame.number); err != nil {
		return err
	}
	lines := begun[frame.number]
	switch frame.verb {
	case "more":
		if lines == nil {
			lines = &strings.Builder{}
			begun[frame.number] = lines
		}
		lines.WriteString(frame.text)
		lines.WriteByte('\n')
		return nil
	case "val":
		text := frame.text
		if lines != nil {
			lines.WriteString(text)
			text = lines.String()
		}
		d.answer(frame.number, Answer{Payload: text})
	case "err":
		d.answer(frame.number, Answer{Err: cmp.Or(frame.text, "cannot be observed")})
	default:
		return errMalformed
	}
	delete(begun, frame.number)
	return nil
}

// opsOf lists the ops of questions in the order of their first.
func opsOf(questions []Question) []string {
	var ops []string
	seen := map[string]bool{}
	for _, q := range questions {
		if !seen[q.Op] {
			seen[q.Op] = true
			ops = append(ops, q.Op)
		}
	}
	return ops
}
