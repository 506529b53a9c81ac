module github.com/drift-exporter/drift_exporter/tools/fuzzcorpus

go 1.26.8
