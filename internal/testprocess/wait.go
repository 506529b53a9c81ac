package testprocess

import (
	"testing"
	"time"
)

// Eventually polls until the condition holds. What it waits for and the context are only for a failing test.
func Eventually(t testing.TB, what string, condition func() bool, context func() string) {
	t.Helper()
	if !WaitFor(condition) {
		t.Fatalf("waited in vain for: %s\n%s", what, context())
	}
}

// WaitFor polls until the condition holds, and tells whether it did before Patience was at an end.
func WaitFor(condition func() bool) bool {
	for deadline := time.Now().Add(Patience); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
