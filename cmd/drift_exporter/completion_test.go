package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }

// shellRig is a shell that completes drift_exporter's lines, and all candidates that it puts into one.
type shellRig struct {
	*workspace
	all func(t *testing.T, line string) []string
}

// shellEnvironment lets a shell find the program, and nothing of ours.
func (w *workspace) shellEnvironment() []string {
	return []string{
		"PATH=" + filepath.Dir(binary(w.t)) + ":" + os.Getenv("PATH"), "HOME=" + w.dir, "ZDOTDIR=" + w.dir, "TERM=xterm", "LC_ALL=C.UTF-8",
		"INPUTRC=/dev/null", "XDG_CONFIG_HOME=" + w.path(".config"), "XDG_DATA_HOME=" + w.path(".local"),
	}
}

// script writes the completion script of a shell.
func (w *workspace) script(shell string) string {
	w.t.Helper()
	status, stdout, stderr := w.run("completion", shell)
	require.Equal(w.t, 0, status, stderr)
	w.write("completion", stdout)
	return w.path("completion")
}

const prompt = "READY> "

// typing runs an interactive shell. insertAll are the keys that put all candidates into the line, whose words are then
// printed by a command that is typed before it.
func (w *workspace) typing(insertAll, shell string, args ...string) func(t *testing.T, line string) []string {
	w.t.Helper()
	cmd := exec.Command(shell, args...)
	cmd.Dir, cmd.Env = w.dir, w.shellEnvironment()
	terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: 2000})
	require.NoError(w.t, err)
	shown, done := &lockedBuffer{}, make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(shown, terminal)
	}()
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = terminal.Close()
		<-done
	})
	const home, end = "\x01", "\x05"
	printed := regexp.MustCompile(`(?s)<drift_exporter>([^\n]*)<end>.*` + prompt)
	eventually(w.t, "a prompt", func() bool { return strings.Contains(shown.String(), prompt) }, shown.String)
	return func(t *testing.T, line string) []string {
		t.Helper()
		before := len(shown.String())
		_, err = terminal.WriteString(line + insertAll + home + `printf '<%s>' ` + end + " end\n")
		require.NoError(t, err)
		var found []string
		eventually(t, "the line's words", func() bool {
			found = printed.FindStringSubmatch(shown.String()[before:])
			return found != nil
		}, shown.String)
		return strings.Split(strings.Trim(found[1], "<>"), "><")
	}
}

func bashRig(t *testing.T, w *workspace) *shellRig {
	bash := testenv.Program(t, "bash", "bash")
	w.write("bashrc", "source "+w.script("bash")+"\nPS1='"+prompt+"'\n")
	return &shellRig{w, w.typing("\x1b*", bash, "--noprofile", "--rcfile", w.path("bashrc"), "-i")}
}

func zshRig(t *testing.T, w *workspace) *shellRig {
	zsh := testenv.Program(t, "zsh", "zsh")
	w.write(".zshrc", `
fpath=(`+w.path("fpath")+` $fpath)
autoload -Uz compinit && compinit -u -D
zle -C all complete-word _generic
bindkey -e
bindkey '^Xa' all
zstyle ':completion:all:*' completer _all_matches _complete
zstyle ':completion:all:*' insert yes
PS1='`+prompt+`'
`)
	status, stdout, _ := w.run("completion", "zsh")
	require.Equal(t, 0, status)
	w.write("fpath/_drift_exporter", stdout)
	return &shellRig{w, w.typing("\x18a", zsh, "-d", "-i")}
}

func fishRig(t *testing.T, w *workspace) *shellRig {
	fish := testenv.Program(t, "fish", "fish")
	script := w.script("fish")
	return &shellRig{w, func(t *testing.T, line string) []string {
		t.Helper()
		cmd := exec.Command(fish, "-c", "source "+script+"; complete -C $argv[1]", line)
		cmd.Dir, cmd.Env = w.dir, w.shellEnvironment()
		out, err := cmd.Output()
		require.NoError(t, err)
		words := strings.Fields(line)
		if !strings.HasSuffix(line, " ") {
			words = words[:len(words)-1] // it lists what takes its place
		}
		for candidate := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSuffix(candidate, "\n"), "\t")
			words = append(words, word)
		}
		return words[1:]
	}}
}

var shellRigs = map[string]func(*testing.T, *workspace) *shellRig{"bash": bashRig, "zsh": zshRig, "fish": fishRig}

func TestShellsCompleteLines(t *testing.T) {
	for name, rig := range shellRigs {
		t.Run(name, func(t *testing.T) {
			r := rig(t, labelled(t))
			for line, want := range map[string][]string{
				"drift_exporter snap":                        {"snapshot"},
				"drift_exporter check --fo":                  {"check", "--format="},
				"drift_exporter check --format j":            {"check", "--format", "json", "junit"},
				"drift_exporter check --pack=w":              {"check", "--pack=web"},
				"drift_exporter check --diff we":             {"check", "--diff", "web1", "web2"},
				"drift_exporter check --limit=env=p":         {"check", "--limit=env=prod"},
				"drift_exporter check --web.listen-address=": {"check", "--web.listen-address=:10186"},
				"drift_exporter --config.file=packs/b":       {"--config.file=packs/base.yaml"},
				"drift_exporter --config.file packs/b":       {"--config.file", "packs/base.yaml"},
				"drift_exporter --storage.path=pa":           {"--storage.path=packs"},
			} {
				got := r.all(t, line)
				got[len(got)-1] = strings.TrimSuffix(got[len(got)-1], "/") // of a directory, which zsh takes away again
				assert.ElementsMatch(t, want, got, line)
			}
			first := map[string][]string{"bash": {"check", "--format=json", "junit", "text"}} // readline cuts words at =
			want := []string{"check", "--format=text", "--format=json", "--format=junit"}
			if first[name] != nil {
				want = first[name]
			}
			assert.ElementsMatch(t, want, r.all(t, "drift_exporter check --format="))
		})
	}
}

func TestShellsRunNothingOfALine(t *testing.T) {
	for name, rig := range shellRigs {
		t.Run(name, func(t *testing.T) {
			r := rig(t, hostileNames(t))
			assert.Equal(t, []string{"check", "good"}, r.all(t, "drift_exporter check g"))
			r.all(t, "drift_exporter check --limit ")
			r.all(t, "drift_exporter check '--config.file=$(touch pwned)' '`touch pwned`' ")
			assert.NoFileExists(t, r.path("pwned"))
		})
	}
}
