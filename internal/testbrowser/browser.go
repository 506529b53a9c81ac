// Package testbrowser runs Debian's chromium for tests: clicks, types and reads as a person does, and fails the test
// with everything that the browser or axe-core complains about. It is for tests only; nothing that ships may import it.
package testbrowser

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

const (
	// patience bounds every wait. It is generous because a loaded machine is not a broken one.
	patience = 30 * time.Second
	// poll is how often a condition is looked at again.
	poll = 15 * time.Millisecond
)

// Browser is a running chromium with a profile of its own, which knows nothing and is thrown away.
type Browser struct {
	ctx    context.Context
	home   string // a scratch directory
	stderr *output
}

// Start starts a browser and ends it with the test. Where there is no chromium the test is skipped, or fails if the
// environment has CI=true.
func Start(t testing.TB) *Browser {
	t.Helper()
	b := &Browser{home: t.TempDir(), stderr: &output{}}
	options := append(chromedp.DefaultExecAllocatorOptions[:], // a fresh profile; no sandbox as root, who cannot have it
		chromedp.ExecPath(testenv.Program(t, "chromium", "chromium")),
		chromedp.Env("HOME="+b.home),
		chromedp.CombinedOutput(b.stderr),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-lcd-text", true), // the same letters on every screen
		// Nothing but this machine is asked, whatever a page links to.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
	)
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end) // kills what is left and waits for it
	complain := func(format string, args ...any) { _, _ = fmt.Fprintf(b.stderr, format+"\n", args...) }
	b.ctx, _ = chromedp.NewContext(allocator, chromedp.WithErrorf(complain), chromedp.WithLogf(complain))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
		defer cancel()
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("testbrowser: end chromium: %v", err)
		}
	})
	if err := chromedp.Do(b.ctx); err != nil {
		t.Fatalf("testbrowser: start chromium: %v\n%s", err, b.stderr)
	}
	return b
}

// output collects what the browser writes, for a test that fails.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
