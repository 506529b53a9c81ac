package main

import (
	"testing"

	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// What many of these tests use, by short names.
type lockedBuffer = testprocess.Output

const patience = testprocess.Patience

func binary(t *testing.T) string {
	t.Helper()
	return testexporter.Binary(t)
}

func startServe(t *testing.T, configFile, storage string, extra ...string) *testexporter.Exporter {
	t.Helper()
	return testexporter.Start(t, configFile, storage, extra...)
}

func eventually(t *testing.T, what string, condition func() bool, context func() string) {
	t.Helper()
	testprocess.Eventually(t, what, condition, context)
}
