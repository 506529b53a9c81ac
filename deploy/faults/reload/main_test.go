// Package reload_test changes and breaks the configuration and the packs of the whole program while it works, and compares
// what it then says with the truth.
package reload_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
