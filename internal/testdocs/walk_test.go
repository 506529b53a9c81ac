package testdocs_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testdocs"
)

// patience bounds what a walk waits for; it only makes a failing test end.
const patience = 90 * time.Second

// walk does what a page tells its reader to do. What a code block says after its language decides how:
//
//	sh             runs, and must succeed; the folder that it changes to is that of the next one
//	sh web1        the same, as root on the machine to check, which is this one
//	sh terminal    runs until the walk is over; whatever listens at its --web.listen-address is waited for
//	console        each command after "$ " must print the lines below it, where … stands for anything, soon
//	text slack     the next message that Slack gets must be this
type walk struct {
	t       *testing.T
	dir     string
	environ []string
	replace func(text string) string // puts the test's names in place of the page's
	slack   func(n int) (string, bool)
	lock    func() (unlock func()) // while root may change the accounts
	heard   int
}

func (w *walk) do(page *testdocs.Page) {
	w.t.Helper()
	for _, block := range page.Blocks {
		what := strings.TrimSpace(block.Language + " " + block.Rest)
		w.t.Logf("%s:%d: %s", page.Name, block.Line, what)
		switch what {
		case "sh":
			out, err := w.run(w.replace(block.Text))
			require.NoError(w.t, err, "%s:%d:\n%s\n%s", page.Name, block.Line, block.Text, out)
		case "sh web1":
			unlock := w.lock()
			out, err := w.command(w.replace(block.Text)).CombinedOutput()
			unlock()
			require.NoError(w.t, err, "%s:%d:\n%s\n%s", page.Name, block.Line, block.Text, out)
		case "sh terminal":
			w.start(w.replace(block.Text))
		case "console", "console web1":
			w.converse(page, block)
		case "text slack":
			w.heard++
			var message string
			w.eventually(func() bool {
				var there bool
				message, there = w.slack(w.heard)
				return there
			}, func() string { return fmt.Sprintf("%s:%d: no message in Slack", page.Name, block.Line) })
			require.Regexp(w.t, loosely(w.replace(block.Text)), message, "%s:%d", page.Name, block.Line)
		default:
			w.t.Fatalf("%s:%d: nothing is known of code blocks that begin with ```%s", page.Name, block.Line, what)
		}
	}
}

func (w *walk) command(script string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Minute)
	w.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	cmd.Dir, cmd.Env = w.dir, w.environ
	return cmd
}

// run runs a script in the reader's folder, which it may change.
func (w *walk) run(script string) (string, error) {
	where := filepath.Join(w.t.TempDir(), "pwd")
	out, err := w.command(script + "\npwd >'" + where + "'").CombinedOutput()
	if dir, missing := os.ReadFile(where); missing == nil {
		w.dir = strings.TrimSpace(string(dir))
	}
	return string(out), err
}

var listenAddress = regexp.MustCompile(`--web\.listen-address=(\S+)`)

// start is another terminal, in which a program runs until the walk is over.
func (w *walk) start(script string) {
	cmd := w.command("exec " + script)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // Ctrl-C
	ctx, stop := context.WithCancel(context.Background())
	require.NoError(w.t, cmd.Start())
	ended := make(chan error, 1)
	go func() {
		defer stop()
		ended <- cmd.Wait()
	}()
	w.t.Cleanup(func() {
		_ = cmd.Cancel() // it may have ended by itself
		select {
		case err := <-ended:
			if w.t.Failed() {
				w.t.Logf("%s\nended: %v\n%s", script, err, &out)
			}
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			w.t.Errorf("%s: Ctrl-C does not end it", script)
		}
	})
	address := listenAddress.FindStringSubmatch(script)
	require.NotNil(w.t, address, script)
	w.eventually(func() bool {
		require.NoError(w.t, ctx.Err(), "%s has ended", script)
		return answers("http://" + address[1] + "/-/ready")
	}, func() string { return script + ": not ready" })
}

func answers(url string) bool {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // leaves no goroutine behind
	response, err := client.Get(url)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// converse runs the commands of a console block and compares what they print.
func (w *walk) converse(page *testdocs.Page, block testdocs.Block) {
	w.t.Helper()
	for _, part := range regexp.MustCompile(`(?m)^\$ `).Split(block.Text, -1)[1:] {
		command, want, _ := strings.Cut(part, "\n")
		pattern := loosely(w.replace(want))
		var out string
		var err error
		w.eventually(func() bool {
			out, err = w.run(w.replace(command))
			return err == nil && pattern.MatchString(out)
		}, func() string {
			return fmt.Sprintf("%s:%d: $ %s\n%s\n%v; it should have been:\n%s", page.Name, block.Line, command, out, err, want)
		})
	}
}

// loosely matches a text in which … stands for anything, blanks at the ends of lines left out.
func loosely(text string) *regexp.Regexp {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.ReplaceAll(regexp.QuoteMeta(strings.TrimRight(line, " ")), "…", ".*")
	}
	return regexp.MustCompile(`(?s)^\s*` + strings.Join(lines, ` *\n`) + `\s*$`)
}

func (w *walk) eventually(condition func() bool, failure func() string) {
	w.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			w.t.Fatal(failure())
		}
		<-tick.C
	}
}
