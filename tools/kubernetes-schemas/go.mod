module github.com/drift-exporter/drift_exporter/tools/kubernetes-schemas

go 1.26.8

// Data only: no program here imports them, so `go mod tidy` would take them away.

require (
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/kubectl-validate v0.0.4
)
