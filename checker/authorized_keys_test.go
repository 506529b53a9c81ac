package checker

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// publicKey is a key that is always the same for a number, as a line, and its fingerprint.
func publicKey(t testing.TB, seed byte) (line, fingerprint string) {
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), 32)))
	public, err := ssh.NewPublicKey(private.Public())
	require.NoError(t, err)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public))), "ssh-ed25519 " + ssh.FingerprintSHA256(public)
}

func TestAuthorizedKeysProblems(t *testing.T) {
	a, _ := publicKey(t, 1)
	noKey := "keys: is no public key of authorized_keys: options, type, key and comment in one line"
	decodeCases{
		{"of a user", "{user: a, keys: ['" + a + "']}", nil},
		{"of a file", "{path: ~/keys, keys: '" + a + " comment'}", nil},
		{"none", "{user: a, keys: []}", nil},
		{"with options", `{user: a, keys: ['restrict,command="a \"b\" c" ` + a + "']}", nil},
		{"twice with different options", "{user: a, keys: ['" + a + "', 'no-pty " + a + "']}", nil},
		{"no keys", "{user: a}", []string{"keys is required; [] is none"}},
		{"user and path", "{user: a, path: /b, keys: []}", []string{"either user or path must be given"}},
		{"neither", "{keys: []}", []string{"either user or path must be given"}},
		{"relative path", "{path: keys, keys: []}", []string{"path must be absolute or begin with ~/"}},
		{"no key", "{user: a, keys: [ssh-rsa]}", []string{noKey}},
		{"key of another type", "{user: a, keys: ['" + strings.Replace(a, "ssh-ed25519", "ssh-rsa", 1) + "']}", []string{noKey}},
		{"cut off", "{user: a, keys: ['" + a[:len(a)-1] + "']}", []string{noKey}},
		{"fingerprint", "{user: a, keys: ['SHA256:Zm9v']}", []string{noKey}},
		{"open quote", `{user: a, keys: ['command="a ` + a + "']}", []string{noKey}},
		{"twice", "{user: a, keys: ['" + a + " x', '" + a + " y']}", []string{"keys has a key twice"}},
	}.run(t, authorizedKeysKind{})
}

func TestAuthorizedKeysMismatches(t *testing.T) {
	a, aShown := publicKey(t, 1)
	b, bShown := publicKey(t, 2)
	c, cShown := publicKey(t, 3)
	home := t.TempDir()
	at := func(name string) string { return filepath.Join(home, name) }
	require.NoError(t, os.Mkdir(at(".ssh"), 0o700))
	write := func(name, text string) { require.NoError(t, os.WriteFile(at(name), []byte(text), 0o600)) }
	write(".ssh/authorized_keys", "# "+c+"\n\n \t"+a+" alice@host\r\nFrom=\"10.0.0.0/8\",no-pty,command=\"SECRET\" "+b+" bob\n")
	write(".ssh/authorized_keys2", a+" again\n")
	write("garbage", "no key\n"+a)
	write("empty", "")
	require.NoError(t, os.Symlink("garbage", at("link")))
	require.NoError(t, os.Symlink("nowhere", at("dangling")))
	require.NoError(t, os.WriteFile(at("large"), make([]byte, maxContent+1), 0o600))
	restricted := `no-pty,command="SECRET",from="10.0.0.0/8" ` + b
	cases := mismatchCases{
		{"{user: alice, keys: ['" + a + "', '" + restricted + " other comment']}", ""},
		{"{user: alice, keys: ['" + a + "']}", "unexpected_key alice: absent → " + bShown + ` bob, options command=…,from="10.0.0.0/8",no-pty, line 4 of H/.ssh/authorized_keys`},
		{"{user: alice, keys: ['" + a + "', '" + b + "']}", "wrong_key alice: " + bShown + " → " + bShown + ` bob, options command=…,from="10.0.0.0/8",no-pty, line 4 of H/.ssh/authorized_keys`},
		{"{user: alice, keys: ['" + a + "', '" + strings.Replace(restricted, "SECRET", "x", 1) + "']}", "wrong_key alice: " + bShown + `, options command=…,from="10.0.0.0/8",no-pty → ` + bShown +
			` bob, options command=…,from="10.0.0.0/8",no-pty, line 4 of H/.ssh/authorized_keys, with other values of its options, or in another order`},
		{"{user: alice, keys: ['" + a + "', '" + restricted + "', '" + c + " carol']}", "missing_key alice: " + cShown + " carol → absent"},
		{"{user: alice, keys: ['" + restricted + "']}", "unexpected_key alice: absent → " + aShown + " alice@host, line 3 of H/.ssh/authorized_keys; unexpected_key alice: absent → " + aShown + " again, line 1 of H/.ssh/authorized_keys2"},
		{"{path: H/.ssh/authorized_keys2, keys: ['" + a + "']}", ""},
		{"{path: H/garbage, keys: ['" + a + "']}", "unexpected_key H/garbage: absent → no key that can be read, line 1 of H/garbage"},
		{"{path: H/link, keys: ['" + a + "', '" + b + "']}", "missing_key H/link: " + bShown + " → absent; unexpected_key H/link: absent → no key that can be read, line 1 of H/link"},
		{"{path: H/empty, keys: []}", ""},
		{"{path: H/nowhere, keys: []}", ""},
		{"{path: H/dangling, keys: []}", ""},
		{"{path: H/nowhere, keys: ['" + a + "']}", "missing_key H/nowhere: " + aShown + " → absent"},
		{"{path: H/large, keys: []}", "error: H/large: is larger than 1048576 bytes"},
		{"{path: H, keys: []}", "error: H: is a directory and not a file"},
		{"{user: nobody-there, keys: []}", ""},
		{"{user: nobody-there, keys: ['" + a + "']}", "missing_key nobody-there: " + aShown + " → absent"},
		{"{user: homeless, keys: []}", "error: the user's home is no absolute path"},
		{"{user: alice, keys: ['" + a + "'], sensitive: true}", "unexpected_key alice: (sensitive) → (sensitive)"},
	}
	for i := range cases {
		cases[i].item, cases[i].want = strings.ReplaceAll(cases[i].item, "H/", home+"/"), strings.ReplaceAll(cases[i].want, "H/", home+"/")
		cases[i].item, cases[i].want = strings.ReplaceAll(cases[i].item, "H,", home+","), strings.ReplaceAll(cases[i].want, "H:", home+":")
	}
	f := cases.fleet(t, "authorized_keys")
	passwd := "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::" + home + ":/bin/sh\nhomeless:x:1001:1001:::/bin/sh\n"
	eachShell(t, func(t *testing.T, sh shell) {
		cases.check(t, check(t, withAccounts(t, sh, map[string]string{"passwd": passwd}), f))
	})
	t.Run("without privilege", func(t *testing.T) {
		require.NoError(t, os.Chmod(filepath.Dir(home), 0o755))
		sh := shells(t)[0]
		sh.argv = unprivileged{sh}.argv()
		denied := mismatchCases{
			{"{user: alice, keys: []}", "error: " + home + "/.ssh/authorized_keys: permission denied (the check does not run as root there; become: true lets it)"},
			{"{path: " + home + "/garbage, keys: []}", "error: " + home + "/garbage: permission denied (the check does not run as root there; become: true lets it)"},
		}
		denied.check(t, check(t, withAccounts(t, sh, map[string]string{"passwd": passwd}), denied.fleet(t, "authorized_keys")))
	})
}

func TestFingerprintsAreThoseOfSSHKeygen(t *testing.T) {
	keygen := testenv.Program(t, "ssh-keygen", "openssh-client")
	for i, typ := range []string{"ed25519", "rsa", "ecdsa"} {
		file := filepath.Join(t.TempDir(), "key")
		require.NoError(t, exec.CommandContext(t.Context(), keygen, "-q", "-t", typ, "-N", "", "-C", "a b", "-f", file).Run())
		line, err := os.ReadFile(file + ".pub")
		require.NoError(t, err)
		said, err := exec.CommandContext(t.Context(), keygen, "-lf", file+".pub").Output()
		require.NoError(t, err)
		key, err := parseAuthorizedKey(strings.TrimSpace(string(line)))
		require.NoError(t, err, "%d", i)
		_, fingerprint, ok := strings.Cut(key.String(), " ")
		require.True(t, ok)
		assert.Contains(t, string(said), " "+fingerprint+" (")
	}
}

func TestOrderOfOptionsCountsWhereItDoesToSshd(t *testing.T) {
	key, _ := publicKey(t, 1)
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"no-pty,restrict", "restrict,No-PTY", true},
		{`permitopen="a:1",no-pty,permitopen="b:2"`, `no-pty,permitopen="a:1",permitopen="b:2"`, true},
		{`environment="A=1",environment="A=2"`, `environment="A=2",environment="A=1"`, false},
		{"restrict,pty", "pty,restrict", false},
		{`command="a,b c"`, `command="a,b  c"`, false},
		{`command="A"`, `command="a"`, false},
		{`command="a\" ,b",no-pty`, `no-pty,command="a\" ,b"`, true},
	} {
		a, err := parseAuthorizedKey(c.a + " " + key)
		require.NoError(t, err)
		b, err := parseAuthorizedKey(c.b + "\t " + key + "  x y")
		require.NoError(t, err)
		assert.Equal(t, c.same, a.id() == b.id(), "%s and %s", c.a, c.b)
		assert.Equal(t, "x y", b.comment)
	}
}

func FuzzAuthorizedKey(f *testing.F) {
	key, _ := publicKey(f, 1)
	for _, line := range []string{key, key + " comment", "restrict " + key, `command="a \" b",no-pty ` + key, "a=\" " + key, key + "\x00", "ssh-rsa AAAA", "ssh-rsa ssh-rsa AAAA"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		ours, err := parseAuthorizedKey(line)
		if err != nil {
			return
		}
		if ours.typ == "" || ours.blob == "" || fmt.Sprint(ours) == "" {
			t.Fatalf("%q gave %+v", line, ours)
		}
		theirs, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err == nil && !strings.ContainsAny(line, "\n\r") && string(theirs.Marshal()) != ours.blob {
			t.Fatalf("%q is another key to others", line)
		}
	})
}
