package ssh

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"github.com/skeema/knownhosts"
)

// maxSkipped bounds the lines of a known_hosts file that are skipped: one with more of them is another kind of file.
const maxSkipped = 100

// skippedLine is a line of a known_hosts file that cannot be understood.
type skippedLine struct {
	number int
	why    string
}

// readableLines reads a known_hosts file without the lines that cannot be understood, as OpenSSH does, where NewDB
// refuses the file for one. A line with a marker is never skipped: a key that it may revoke must not be accepted.
func readableLines(path string, data []byte) (*knownhosts.HostKeyDB, []skippedLine, error) {
	db, err := knownhosts.NewDB(path)
	var (
		lines   = bytes.Split(data, []byte("\n"))
		skipped []skippedLine
		name    = path // of the file that was read last
	)
	for err != nil {
		bad, ok := faultIn(name, err)
		if !ok || bad.number > len(lines) || len(bytes.TrimSpace(lines[bad.number-1])) == 0 {
			return nil, nil, err
		}
		skipped = append(skipped, bad)
		if bytes.TrimSpace(lines[bad.number-1])[0] == '@' || len(skipped) > maxSkipped {
			return nil, nil, unreadableLine(path, bad)
		}
		lines[bad.number-1] = nil // the numbers of the others stay
		name, db, err = readCopy(bytes.Join(lines, []byte("\n")))
		if name == "" {
			return nil, nil, unreadableLine(path, bad)
		}
	}
	return db, skipped, nil
}

func unreadableLine(path string, bad skippedLine) error {
	return hostKeyFailure("line %d of the known_hosts file %s cannot be understood: %s; correct or remove it", bad.number, path, bad.why)
}

// readCopy reads known_hosts lines that are in no file, since NewDB takes only files. Without a name there was no copy.
func readCopy(data []byte) (name string, db *knownhosts.HostKeyDB, err error) {
	file, err := os.CreateTemp("", "known_hosts-*")
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.Write(data)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", nil, err
	}
	db, err = knownhosts.NewDB(file.Name())
	return file.Name(), db, err
}

// faultIn is the line that NewDB's error is about. Its text is all that NewDB says of it.
func faultIn(name string, err error) (skippedLine, bool) {
	rest, ok := strings.CutPrefix(err.Error(), "knownhosts: "+name+":")
	number, why, found := strings.Cut(rest, ": ")
	n, atoiErr := strconv.Atoi(number)
	if !ok || !found || atoiErr != nil || n < 1 {
		return skippedLine{}, false
	}
	return skippedLine{n, printable(strings.TrimPrefix(why, "knownhosts: "), maxQuoted)}, true
}
