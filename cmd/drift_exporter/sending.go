package main

import (
	"context"
	"fmt"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules/alertmanager"
)

// newSender makes a sender to the Alertmanagers of a fleet.
func (d *daemon) newSender(fleet *checker.Fleet) (*alertmanager.Sender, error) {
	alerting := fleet.Config.Alerting
	sender, err := alertmanager.New(d.store.View(), alerting.Alertmanagers, alertmanager.Options{
		ResendDelay: alerting.ResendDelay,
		NextRun:     d.runner.LastDueAfter,
		Clock:       d.clock,
		Logger:      d.log,
		Metrics:     d.sending,
	})
	if err != nil {
		return nil, fmt.Errorf("alertmanagers: %w", err)
	}
	return sender, nil
}

// replaceSender hands the next sender to sendAlerts; one that was never run is forgotten. Reloads come one at a
// time, so nobody else fills the place that was made.
func (d *daemon) replaceSender(next *alertmanager.Sender) {
	select {
	case <-d.senders:
	default:
	}
	d.senders <- next
}

// sendAlerts runs the latest sender until ctx ends. A new one sends everything once more, so nothing is lost
// between the two.
func (d *daemon) sendAlerts(ctx context.Context) error {
	if d.flags.part() == state.RoleWorker {
		return nil // others do
	}
	sender := <-d.senders // the first one is there from the start
	for sender != nil {
		next, err := d.sendUntilReplaced(ctx, sender)
		if err != nil {
			return err
		}
		sender = next
	}
	return nil
}

// sendUntilReplaced runs a sender until the next one is there, which it returns, or until ctx ends: then nil.
func (d *daemon) sendUntilReplaced(ctx context.Context, sender *alertmanager.Sender) (*alertmanager.Sender, error) {
	sendCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sender.Run(sendCtx) }()
	select {
	case next := <-d.senders:
		cancel()
		return next, <-done
	case err := <-done:
		return nil, err
	}
}
