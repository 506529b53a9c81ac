package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"time"
)

// maxMessage bounds what is read of a message, in bytes.
const maxMessage = 1 << 20

// message is what Alertmanager posts to Slack.
type message struct {
	Channel     string       `json:"channel"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	Title  string  `json:"title"`
	Link   string  `json:"title_link"`
	Text   string  `json:"text"`
	Color  string  `json:"color"`
	Fields []field `json:"fields"`
}

type field struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// slack stands in for Slack: an incoming webhook on loopback.
type slack struct {
	url      string
	server   *http.Server
	messages chan message
	done     chan struct{}
}

func startSlack() (*slack, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &slack{url: "http://" + listener.Addr().String() + "/", messages: make(chan message, 100), done: make(chan struct{})}
	s.server = &http.Server{Handler: http.HandlerFunc(s.take), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(listener) // until close
	}()
	return s, nil
}

func (s *slack) take(w http.ResponseWriter, r *http.Request) {
	var m message
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMessage)).Decode(&m); err != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	select {
	case s.messages <- m:
		_, _ = io.WriteString(w, "ok") // as Slack does
	case <-r.Context().Done():
	}
}

func (s *slack) close() {
	_ = s.server.Close()
	<-s.done
}
