package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// answer is what a server said.
type answer struct {
	StatusCode int
	body       []byte
}

// runWithin bounds a run of the few machines there are.
const runWithin = 2 * time.Minute

func get(ctx context.Context, url string) (answer, error) { return ask(ctx, http.MethodGet, url, "") }

func ask(ctx context.Context, method, url, body string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // without a proxy
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, text}, err
}

// check has the exporter check these machines, and waits until it has.
func (w *world) check(ctx context.Context, machines string) error {
	asked, err := ask(ctx, http.MethodPost, w.exporter.url+"/api/v1/runs", machines)
	for ; err == nil && asked.StatusCode == http.StatusConflict; asked, err = ask(ctx, http.MethodPost, w.exporter.url+"/api/v1/runs", machines) {
		if err := pause(ctx); err != nil { // somebody has pressed "Check now"
			return err
		}
	}
	if err != nil {
		return err
	}
	var run struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(asked.body, &run); asked.StatusCode != http.StatusAccepted || err != nil {
		return fmt.Errorf("the exporter starts no check: %s", asked.body)
	}
	return w.waitForRun(ctx, func(id string) bool { return id == run.Data.ID })
}

// waitForRun waits for the end of the newest run that is wanted.
func (w *world) waitForRun(ctx context.Context, wanted func(id string) bool) error {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	for {
		got, err := get(ctx, w.exporter.url+"/api/v1/runs")
		if err != nil {
			return err
		}
		var runs struct {
			Data struct {
				Runs []struct {
					ID    string `json:"id"`
					Phase string `json:"phase"`
				} `json:"runs"`
			} `json:"data"`
		}
		if err := json.Unmarshal(got.body, &runs); err != nil {
			return fmt.Errorf("the exporter's runs: %w", err)
		}
		for _, run := range runs.Data.Runs {
			switch {
			case !wanted(run.ID):
			case run.Phase == "done":
				return nil
			case run.Phase == "failed":
				return errors.New("the run has failed; the exporter's log says why")
			}
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// pause waits a moment, unless ctx ends.
func pause(ctx context.Context) error {
	select {
	case <-time.After(poll):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// metrics are the lines of /metrics that begin so.
func (w *world) metrics(ctx context.Context, prefix string) (string, error) {
	got, err := get(ctx, w.exporter.url+"/metrics")
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for line := range strings.Lines(string(got.body)) {
		if strings.HasPrefix(line, prefix) {
			lines.WriteString(line)
		}
	}
	return lines.String(), nil
}

// checkCommand is the output of `drift_exporter check`, which ends with a status that tells of drift.
func (w *world) checkCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, w.o.exporter, append([]string{"--config.file=" + w.configFile(), "check"}, args...)...)
	cmd.Dir, cmd.Env = w.dir, append(childEnviron(w.dir), "NO_COLOR=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0 || out.Len() == 0) {
		return "", fmt.Errorf("drift_exporter check: %w: %s", err, errs.String())
	}
	return out.String(), nil
}
