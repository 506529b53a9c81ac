package testbrowser

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// problems is what a tab complained about so far.
type problems struct {
	mu       sync.Mutex
	seen     []problem
	requests map[network.RequestID]string // addresses
	refused  []string                     // addresses whose refusal is expected
}

// problem is one complaint, and the address that it is about if that is known.
type problem struct{ text, url string }

// expect says that an address will be refused, so that the console's line about it is no problem.
func (c *problems) expect(url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused = append(c.refused, url)
}

// unexpected is what nobody expects.
func (c *problems) unexpected() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, p := range c.seen {
		if !c.isRefusal(p) {
			all = append(all, strings.TrimSpace(p.text+" "+p.url))
		}
	}
	return all
}

func (c *problems) isRefusal(p problem) bool {
	if !strings.HasPrefix(p.text, "network: Failed to load resource: the server responded with a status of 4") {
		return false
	}
	for _, url := range c.refused {
		if p.url == url {
			return true
		}
	}
	return false
}

// listen takes an event of the tab. It must not block, nor ask the browser anything.
func (c *problems) listen(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		c.add("", "exception: %s %s", e.ExceptionDetails.Text, describe(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		c.console(e)
	case *log.EventEntryAdded: // of the browser itself: refused requests, deprecated features, violated policies
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			c.add(e.Entry.URL, "%s: %s", e.Entry.Source, e.Entry.Text)
		}
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(e.Issue.Details)
		c.add("", "%s: %s", e.Issue.Code, details)
	case *network.EventRequestWillBeSent:
		if c.requests == nil {
			c.requests = map[network.RequestID]string{}
		}
		c.requests[e.RequestID] = e.Request.URL
	case *network.EventLoadingFailed:
		if !e.Canceled { // as a request is when its page is left
			c.add(c.requests[e.RequestID], "request failed: %s %s", e.ErrorText, e.BlockedReason)
		}
	}
}

func (c *problems) console(e *runtime.EventConsoleAPICalled) {
	switch e.Type {
	case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeWarning, runtime.ConsoleAPICalledTypeAssert:
		var words []string
		for _, argument := range e.Args {
			words = append(words, describe(argument))
		}
		c.add("", "console.%s: %s", e.Type, strings.Join(words, " "))
	}
}

func (c *problems) add(url, format string, args ...any) {
	c.seen = append(c.seen, problem{url: url, text: fmt.Sprintf(format, args...)})
}
