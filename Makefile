# drift_exporter: `make run` to see it work, `make test` to check it. `make help` lists the rest.
GO      ?= go
BIN     := bin
GODIRS  := checker cmd deploy exporter internal rules
PKG     := github.com/drift-exporter/drift_exporter
VERSION ?= $(shell tools/version)
BRANCH  ?= $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null)
VPKG    := github.com/prometheus/common/version
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null)
LDFLAGS  = -s -w -X $(VPKG).Version=$(VERSION) -X $(VPKG).Revision=$(REVISION) -X $(VPKG).Branch=$(BRANCH)
# What is built holds nothing of where it was built: neither paths nor what git stamps, nor a C library.
GOBUILD  = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'

.DEFAULT_GOAL := build
.PHONY: help build run demo test test-e2e test-browser screenshots test-oracle test-faults soak test-packages lint fmt fuzz fuzz-corpus bench gobench tidy-check verify vulncheck licences man manifests release clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/drift_exporter
	@$(GOBUILD) -o $(BIN)/drift_exporter ./cmd/drift_exporter

run: build ## build, then serve the shipped config.yaml, which checks this machine
	@echo "The fleet page is http://localhost:10186/ and the metrics are http://localhost:10186/metrics (stop: Ctrl-C)"
	@exec $(BIN)/drift_exporter --config.file=config.yaml --storage.path=data --web.listen-address=localhost:10186 --web.enable-lifecycle

demo: build $(BIN)/alertmanager ## show it all at work: a simulated fleet, the exporter, Alertmanager, Slack messages in the terminal
	@$(GOBUILD) -o $(BIN)/drift_demo ./cmd/drift_demo
	@exec $(BIN)/drift_demo

# What tests find by these names.
TESTENV := DRIFT_TEST_ALERTMANAGER=$(CURDIR)/$(BIN)/alertmanager DRIFT_TEST_AMTOOL=$(CURDIR)/$(BIN)/amtool DRIFT_TEST_AXE=$(CURDIR)/$(BIN)/axe.min.js \
           DRIFT_TEST_GOVULNCHECK=$(CURDIR)/$(BIN)/govulncheck DRIFT_TEST_MANIFESTS=$(CURDIR)/$(BIN)/manifests DRIFT_TEST_NATS_SERVER=$(CURDIR)/$(BIN)/nats-server \
           DRIFT_TEST_NFPM=$(CURDIR)/$(BIN)/nfpm DRIFT_TEST_SBOM=$(CURDIR)/$(BIN)/sbom

# All that any test prints is searched for the secrets that tests plant.
test: test-packages $(BIN)/alertmanager $(BIN)/amtool $(BIN)/axe.min.js $(BIN)/govulncheck $(BIN)/manifests $(BIN)/nats-server $(BIN)/nfpm $(BIN)/sbom ## run every test with the race detector, real sshd, Alertmanager and chromium included
	$(TESTENV) $(GO) run ./internal/testsecret/cmd/suite $(GO) test -json -race -count=1 -timeout 40m ./...

test-e2e: test-packages $(BIN)/alertmanager ## run only the tests of the whole way: machines, exporter, Prometheus with rules, Alertmanager, Slack; every query of the dashboard
	$(TESTENV) $(GO) test -race -count=1 -timeout 20m -run "TheWholeWay|EveryQueryHasData" ./deploy/e2e ./deploy/grafana

test-browser: test-packages $(BIN)/alertmanager $(BIN)/axe.min.js ## run only the tests that show the pages to chromium and axe-core
	$(TESTENV) $(GO) test -race -count=1 -timeout 20m -run Browser ./internal/testbrowser ./cmd/drift_exporter

screenshots: test-packages $(BIN)/alertmanager ## take the pictures in docs/images anew, of a real run
	$(TESTENV) DRIFT_SCREENSHOTS=$(CURDIR)/docs/images $(GO) test -tags screenshots -count=1 -timeout 20m -run '^TestScreenshots$$' ./cmd/drift_exporter

test-oracle: test-packages ## compare over 1,000 random verdicts with those of stat, dpkg, rpm, Ansible, … (DRIFT_ORACLE_SEED repeats one)
	DRIFT_ORACLE=full $(GO) test -count=1 -v -timeout 20m ./checker/oracle

# The sample of it in `make test` is the same tests with fewer faults. docs/reliability.md tells what the rows are.
FAULTS ?= .
test-faults: test-packages $(BIN)/alertmanager ## inject every fault of the matrix in docs/reliability.md (FAULTS=Kill: those whose name has it; DRIFT_SEED repeats one)
	$(TESTENV) DRIFT_FAULTS=full $(GO) test -race -count=1 -v -timeout 80m -run '^TestFault.*$(FAULTS)' ./checker/... ./rules/... ./internal/state ./cmd/drift_exporter ./deploy/faults/...

SOAK_RUNS ?= 720
soak: test-packages $(BIN)/alertmanager ## run a compressed month of drifts, repairs, reloads and restarts (SOAK_RUNS=n runs; DRIFT_SEED repeats one)
	$(TESTENV) DRIFT_SOAK_RUNS=$(SOAK_RUNS) $(GO) test -count=1 -v -timeout 3h -run '^TestSoak' ./deploy/soak

test-packages: ## install the Debian packages that the tests need (as root), or say what is missing
	@tools/test-packages

# Pinned in go.mod files of their own, so that their dependencies never mix with ours.
$(BIN)/alertmanager $(BIN)/amtool: tools/alertmanager/go.mod tools/alertmanager/go.sum
	@echo "building $@, which takes about two minutes the first time"
	@$(GO) build -modfile=tools/alertmanager/go.mod -o $@ github.com/prometheus/alertmanager/cmd/$(@F)

# Pinned by package-lock.json. Its downloader may have to be installed first.
$(BIN)/axe.min.js: tools/axe-core/package-lock.json tools/axe-core/get | test-packages
	tools/axe-core/get $@

$(BIN)/golangci-lint: tools/golangci-lint/go.mod tools/golangci-lint/go.sum
	$(GO) build -modfile=tools/golangci-lint/go.mod -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(BIN)/govulncheck: tools/govulncheck/go.mod tools/govulncheck/go.sum
	$(GO) build -modfile=tools/govulncheck/go.mod -o $@ golang.org/x/vuln/cmd/govulncheck

# A program of ours around the libraries of BuildKit, Compose and kustomize.
$(BIN)/manifests: $(wildcard tools/manifests/*.go) tools/manifests/go.mod tools/manifests/go.sum
	$(GO) build -C tools/manifests -o $(CURDIR)/$@ .

$(BIN)/nats-server: tools/nats-server/go.mod tools/nats-server/go.sum
	$(GO) build -modfile=tools/nats-server/go.mod -o $@ github.com/nats-io/nats-server/v2

$(BIN)/nfpm: tools/nfpm/go.mod tools/nfpm/go.sum
	$(GO) build -modfile=tools/nfpm/go.mod -o $@ github.com/goreleaser/nfpm/v2/cmd/nfpm

$(BIN)/sbom: tools/sbom/main.go tools/sbom/go.mod tools/sbom/go.sum
	$(GO) build -C tools/sbom -o $(CURDIR)/$@ .

lint: $(BIN)/golangci-lint ## run golangci-lint: the layers, errors, logs and tests
	$(BIN)/golangci-lint run ./...

fmt: ## format the code
	gofmt -l -w $(GODIRS)

# All of it is as of the commit, whenever and wherever it is built.
DIST     ?= dist
ARCHES   ?= amd64 arm64 armv7
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
NFPM     ?= $(BIN)/nfpm
SBOM     ?= $(BIN)/sbom
release: $(NFPM) $(SBOM) ## build archives, packages, bills of materials and checksums of a release into dist/
	@VERSION='$(VERSION)' REVISION='$(REVISION)' BRANCH=HEAD SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) NFPM=$(abspath $(NFPM)) SBOM=$(abspath $(SBOM)) \
		tools/release '$(DIST)' $(ARCHES)

FUZZTIME ?= 1m
FUZZ     ?= .
fuzz: ## run every fuzz target for FUZZTIME (FUZZ=regexp: those whose file and name match)
	@tools/fuzz $(FUZZTIME) '$(FUZZ)'

fuzz-corpus: ## keep what fuzzing has found that the tests do not reach yet, for every later test
	@$(GO) build -C tools/fuzzcorpus -o $(CURDIR)/$(BIN)/fuzzcorpus .
	@$(BIN)/fuzzcorpus '$(FUZZ)'

# docs/performance.md tells what these choose.
BENCH_FLEETS ?= 100 1000 10000 50000
export BENCH_CONTESTANTS BENCH_ROUNDS BENCH_STRICT
bench: test-packages ## measure checks of whole fleets against the floor of SSH and other programs (BENCH_FLEETS=100: one of them)
	BENCH_FLEETS='$(BENCH_FLEETS)' $(GO) test -run '^TestFleets$$' -count=1 -timeout 2h -v ./internal/fleetbench

GOBENCH_COUNT ?= 1
gobench: ## run the Go benchmarks; with GOBENCH_COUNT=10 the output is for benchstat
	$(GO) test -run '^$$' -bench . -benchmem -count=$(GOBENCH_COUNT) ./...

tidy-check: ## fail if `go mod tidy` or gofmt would change anything
	$(GO) mod tidy -diff
	@unformatted=$$(gofmt -l $(GODIRS)) && test -z "$$unformatted" || { echo "not gofmt-ed: $$unformatted" >&2; exit 1; }

verify: ## fail if a downloaded module of the program or of a tool is not what go.sum says
	tools/verify

vulncheck: $(BIN)/govulncheck ## look for known vulnerabilities in what the program is made of (needs vuln.go.dev, or VULNDB=file:///copy)
	tools/vulncheck

licences: ## write the list of dependencies' licences in docs/licences.md anew
	UPDATE_DOCS=1 $(GO) test -count=1 -run Licence ./deploy/supply

man: ## write the reference in docs/cli.md and the man page anew, from the flags
	UPDATE_DOCS=1 $(GO) test -count=1 -run Reference ./cmd/drift_exporter

manifests: $(BIN)/manifests ## write anew what deploy has of the rules and of other files
	UPDATE_MANIFESTS=1 $(GO) test -count=1 -run Manifest ./deploy/container ./deploy/kubernetes

clean: ## remove what was built, not the data
	rm -rf $(BIN) $(DIST)
