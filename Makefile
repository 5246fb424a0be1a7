# Parution's only door: CI and people call the same targets. `make` lists them.
# Running and testing needs Go and make; generating and linting builds the tools
# pinned in tools/*/go.mod once, into bin/tools/ (sqlc wants a C compiler).

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run build images test simulate e2e browser bench chaos k8s check gen lint fmt modules tidy vuln tools clean

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GO_BUILD  := CGO_ENABLED=0 go build -trimpath -ldflags '-X github.com/parution/parution/chassis/program.version=$(VERSION)'
TESTFLAGS ?=
LINTFLAGS ?=
DATA      ?= ./data
LISTEN    ?= :8080
CONTAINER ?= docker
PROFILE   ?= one

BIN    := $(CURDIR)/bin
TOOLS  := $(BIN)/tools
JUDGES := test/browser/tools/node_modules/.package-lock.json

# Asked of Go when a target needs them: there is no second list to keep.
MODULES  = $(shell go list -m -f '{{.Dir}}')
PACKAGES = $(addsuffix /...,$(MODULES))
PROGRAMS = ./cmd/parution $(addprefix ./,$(wildcard services/*/cmd/*))
TOOLMODS = $(patsubst %/go.mod,%,$(wildcard tools/*/go.mod))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: OPS ?= 127.0.0.1:9090
run: ## serve everything with the demo posts on http://localhost:8080 (DATA=./data, LISTEN=:8080, OPS=127.0.0.1:9090)
	@mkdir -p $(BIN)
	$(GO_BUILD) -o $(BIN)/ ./cmd/parution
	$(BIN)/parution serve --demo --data $(DATA) --listen $(LISTEN) --ops-listen $(OPS)

build: ## build bin/parution and each service's own program
	@mkdir -p $(BIN)
	$(GO_BUILD) -o $(BIN)/ $(PROGRAMS)

# The browser comes alone and last: it measures how fast pages are.
test: $(TOOLS)/nats-server $(JUDGES) ## run every module's tests on both engines (TESTFLAGS=-race …)
	@tools/postgres.sh
	go test $(TESTFLAGS) $$(go list $(PACKAGES) | grep -v '/test/browser$$')
	go test -timeout 30m $(TESTFLAGS) ./test/browser

simulate: ## run the event backbone through SEEDS=5000 simulated histories of faults, or replay one (SEED=n)
	SEEDS=$(or $(SEEDS),5000) SEED=$(SEED) go test -count=1 -timeout 12h $(if $(SEED),-v) -run 'TestSeeds|TestSimulation' $(TESTFLAGS) ./chassis/simulation ./services/gateway

e2e: $(TOOLS)/nats-server ## run only the black-box tests, on both topologies, uncached
	@tools/postgres.sh
	go test -count=1 $(TESTFLAGS) ./test/e2e/...

browser: $(JUDGES) ## run only the tests in a real Chromium, uncached (SCREENSHOTS=docs/screenshots keeps pictures of the pages)
	$(if $(SCREENSHOTS),PARUTION_SCREENSHOTS='$(abspath $(SCREENSHOTS))' )go test -count=1 -timeout 30m $(TESTFLAGS) ./test/browser/...

bench: SIZES ?= 10k,100k
bench: $(TOOLS)/nats-server ## measure the load profiles of test/bench (BENCHFLAGS=…, SIZES=10k,100k,1m for search), documents beside bare goldmark, pages of 10,000 and 100,000 posts
	@tools/postgres.sh
	go run ./test/bench -sizes $(SIZES) $(BENCHFLAGS)
	go test -run '^$$' -bench 'BenchmarkConvert$$' ./services/render/internal/document
	PARUTION_BIG_BENCH=1 go test -run '^$$' -bench 'BenchmarkPress/.*/(home|post|tag|author|month|archive)$$' -timeout 1h ./services/render/internal/press

chaos: OPS ?= 5000
chaos: SEED ?= 1
chaos: $(TOOLS)/nats-server ## real processes under faults and a checker of their own (SEED=1 OPS=5000 PROFILE=one|cluster OUT=file CHAOSFLAGS=…)
	@tools/postgres.sh
	go run ./test/chaos -profile $(PROFILE) -seed $(SEED) -ops $(OPS) $(if $(OUT),-out $(OUT)) $(CHAOSFLAGS)

k8s: ## build every Kubernetes overlay and check it, without a cluster
	go test -count=1 -v $(TESTFLAGS) ./test/deploy/...

check: ## what must hold before a commit: generated code current, lint, modules
	@MAKE='$(MAKE)' tools/generated.sh
	@$(MAKE) lint
	@$(MAKE) modules

gen: $(TOOLS)/.protoc $(TOOLS)/.buf $(TOOLS)/.sqlc proto/third_party ## generate Go, gateway and OpenAPI from proto/, and queries from SQL
	cd proto && PATH='$(TOOLS)':"$$PATH" buf generate
	@set -e; for file in $(wildcard services/*/sqlc.yaml); do \
		echo "sqlc generate -f $$file"; $(TOOLS)/sqlc generate -f "$$file"; done

lint: $(TOOLS)/.golangci-lint $(TOOLS)/.buf proto/third_party ## golangci-lint over every module, buf lint, buf breaking (BASE=ref, LINTFLAGS=…)
	$(TOOLS)/golangci-lint run $(LINTFLAGS) $(PACKAGES)
	cd proto && $(TOOLS)/buf lint
	@tools/breaking.sh $(BASE)

fmt: $(TOOLS)/.golangci-lint ## rewrite Go files as gofumpt and gci want them
	$(TOOLS)/golangci-lint fmt

modules: ## each module on its own, outside the workspace: tidy, builds, vets
	@set -e; for dir in $(MODULES); do \
		echo "module $${dir#$(CURDIR)/}: tidy, build, vet"; cd "$$dir"; \
		GOWORK=off go mod tidy -diff; GOWORK=off go build ./...; GOWORK=off go vet ./...; done

images: ## build every program's container image (CONTAINER=docker)
	@set -e; for program in $(notdir $(PROGRAMS)); do \
		$(CONTAINER) build -f deploy/Containerfile --build-arg PROGRAM=$$program --build-arg VERSION=$(VERSION) -t parution/$$program:$(VERSION) .; done

tidy: ## go mod tidy in every module, the tools' too
	@set -e; for dir in $(MODULES) $(addprefix $(CURDIR)/,$(TOOLMODS)); do \
		echo "tidy $${dir#$(CURDIR)/}"; GOWORK=off go -C "$$dir" mod tidy; done

vuln: $(TOOLS)/.govulncheck ## look every module's dependencies up in the Go vulnerability database (needs the network)
	@set -e; for dir in $(MODULES); do \
		echo "govulncheck $${dir#$(CURDIR)/}"; GOWORK=off $(TOOLS)/govulncheck -C "$$dir" ./...; done

tools: $(patsubst tools/%,$(TOOLS)/.%,$(filter-out tools/googleapis,$(TOOLMODS))) ## build all tools into bin/tools/

clean: ## remove bin/
	rm -rf $(BIN)

# A tool module's programs, built once per version: the stamp is older than its go.mod after an update.
$(TOOLS)/.%: tools/%/go.mod tools/%/go.sum
	@mkdir -p $(TOOLS)
	@echo "building the tools of tools/$*"
	@GOWORK=off go -C tools/$* build -o $(TOOLS)/ tool
	@touch $@

# The tests start this one; it has a name of its own so that they can ask for it.
$(TOOLS)/nats-server: $(TOOLS)/.nats-server
	@test -x $@ || GOWORK=off go -C tools/nats-server build -o $(TOOLS)/ tool

# What judges the pages beside Chromium: axe-core, the Nu HTML checker, Lighthouse.
# npm writes this file last. Without npm those tests say so and skip; CI fails.
$(JUDGES): test/browser/tools/package.json test/browser/tools/package-lock.json test/browser/tools/.npmrc
	@test/browser/tools/install.sh

# The imported google/api files, from the pinned Go module that carries them.
proto/third_party: tools/googleapis/go.mod
	@GOWORK=off go -C tools/googleapis mod download github.com/grpc-ecosystem/grpc-gateway
	@set -e; from="$$(GOWORK=off go -C tools/googleapis list -m -f '{{.Dir}}' github.com/grpc-ecosystem/grpc-gateway)"; \
		rm -rf $@; mkdir -p $@/google/api; \
		for name in annotations http; do cat "$$from/third_party/googleapis/google/api/$$name.proto" >$@/google/api/$$name.proto; done
