// Package machines_test breaks machines, and the connections to them, in every way that it knows while the real exporter checks them,
// and compares what the exporter and Alertmanager say with the truth.
package machines_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
