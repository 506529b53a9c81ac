package testalertmanager

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// Inbox is a loopback HTTP server in a receiver's place (Slack, a webhook). It keeps what is posted to it, which is
// searched for planted secrets at the end of the test, see testsecret.
type Inbox struct {
	URL string // to be used as api_url of slack_configs, or url of webhook_configs

	mu     sync.Mutex
	bodies [][]byte
}

// NewInbox runs an Inbox until the test ends.
func NewInbox(t testing.TB) *Inbox {
	in := &Inbox{}
	server := httptest.NewServer(in)
	t.Cleanup(func() {
		server.Close()
		for _, body := range in.Bodies() {
			testsecret.Check(t, "what a receiver of alerts was told", string(body))
		}
	})
	in.URL = server.URL
	return in
}

// ServeHTTP keeps the body and answers "ok", as Slack does.
func (in *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	in.mu.Lock()
	in.bodies = append(in.bodies, body)
	in.mu.Unlock()
	_, _ = io.WriteString(w, "ok")
}

// Bodies is what was posted so far, oldest first.
func (in *Inbox) Bodies() [][]byte {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([][]byte(nil), in.bodies...)
}

// SlackMessage is the part of a Slack message that slack_configs fills from its templates.
type SlackMessage struct {
	Channel  string       `json:"channel"`
	Title    string       `json:"title"`
	Link     string       `json:"title_link"`
	Text     string       `json:"text"`
	Fallback string       `json:"fallback"`
	Color    string       `json:"color"`
	Fields   []SlackField `json:"fields"`
}

// SlackField is a name and value that Slack shows below the text.
type SlackField struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// SlackMessages is what was posted so far read as Slack messages, one for each attachment, oldest first. What is no
// Slack message is left out.
func (in *Inbox) SlackMessages() []SlackMessage {
	var messages []SlackMessage
	for _, body := range in.Bodies() {
		var post struct {
			Channel     string         `json:"channel"`
			Attachments []SlackMessage `json:"attachments"`
		}
		if err := json.Unmarshal(body, &post); err != nil {
			continue
		}
		for _, message := range post.Attachments {
			message.Channel = post.Channel
			messages = append(messages, message)
		}
	}
	return messages
}

// Shown is the message as a reader sees it, as far as the shipped templates go: bold, links, blocks of code; the
// fields below.
func (m SlackMessage) Shown() string {
	text := regexp.MustCompile(`<[^|>]*\|([^>]*)>`).ReplaceAllString(m.Text, "$1")
	lines := []string{m.Title, strings.NewReplacer("*", "", "```", "").Replace(text), ""}
	for _, field := range m.Fields {
		lines = append(lines, field.Title+": "+field.Value)
	}
	return strings.Join(lines, "\n")
}
