// Package supply_test holds what the project takes from others to what docs/licences.md and SECURITY.md promise of it.
package supply_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
