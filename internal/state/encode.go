package state

import (
	"fmt"
	"strings"
)

// maxID bounds machine and pack ids, so that no subject that holds two of them comes near the server's limit
// for a subject. It leaves room for the longest DNS name.
const maxID = 255

// encodeID turns a machine's or pack's id into one token of a NATS subject. NATS splits at dots, so a dot
// becomes '=', which no id holds. An id outside of [A-Za-z0-9][A-Za-z0-9._-]* is refused, never squeezed into
// something that another id could be encoded to as well.
func encodeID(id string) (string, error) {
	if err := checkID(id); err != nil {
		return "", err
	}
	return strings.ReplaceAll(id, ".", "="), nil
}

// decodeID is the inverse of encodeID. It refuses what encodeID does not produce.
func decodeID(token string) (string, error) {
	if strings.Contains(token, ".") {
		return "", fmt.Errorf("%q is not one subject token", token)
	}
	id := strings.ReplaceAll(token, "=", ".")
	return id, checkID(id)
}

func checkID(id string) error {
	if id == "" || len(id) > maxID {
		return fmt.Errorf("id %.40q is %d bytes long, want 1 to %d", id, len(id), maxID)
	}
	for i := range len(id) {
		if c := id[i]; !isAlnum(c) && (i == 0 || !strings.ContainsRune("._-", rune(c))) {
			return fmt.Errorf("id %.40q does not match [A-Za-z0-9][A-Za-z0-9._-]*", id)
		}
	}
	return nil
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// encodeKey is a pair's key in the buckets state, detail and history: two tokens, "machine.pack".
func encodeKey(k Key) (string, error) {
	machine, err := encodeID(k.Machine)
	if err != nil {
		return "", fmt.Errorf("machine %w", err)
	}
	pack, err := encodeID(k.Pack)
	if err != nil {
		return "", fmt.Errorf("pack %w", err)
	}
	return machine + "." + pack, nil
}

// decodeKey is the inverse of encodeKey.
func decodeKey(key string) (Key, error) {
	machine, pack, ok := strings.Cut(key, ".")
	if !ok {
		return Key{}, fmt.Errorf("key %q is not machine.pack", key)
	}
	var k Key
	var err error
	if k.Machine, err = decodeID(machine); err != nil {
		return Key{}, fmt.Errorf("key %q: machine %w", key, err)
	}
	if k.Pack, err = decodeID(pack); err != nil {
		return Key{}, fmt.Errorf("key %q: pack %w", key, err)
	}
	return k, nil
}

// encodeRun is a run's key: its id with ':' and '.', which a key may not hold, replaced by '_' and '=', which
// an instant does not hold. Only the canonical form of an instant is an id, so two ids are never one instant.
func encodeRun(id string) (string, error) {
	t, err := Run{ID: id}.Instant()
	if err != nil || RunID(t) != id {
		return "", fmt.Errorf("run id %.40q is not an instant as RunID writes it", id)
	}
	return strings.NewReplacer(":", "_", ".", "=").Replace(id), nil
}

// decodeRun is the inverse of encodeRun.
func decodeRun(key string) (string, error) {
	id := strings.NewReplacer("_", ":", "=", ".").Replace(key)
	if back, err := encodeRun(id); err != nil || back != key {
		return "", fmt.Errorf("key %.40q is not a run's", key)
	}
	return id, nil
}
