# make run    starts the server with the demo cluster of examples/demo.yaml on https://127.0.0.1:9443
# make test   installs what the tests need where it can, and runs them
# make bench  measures, make bench-import what imports into a Redis cost; make ci is what continuous integration runs

GO           ?= go
GOLANGCI     := bin/golangci-lint
GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
VULNDB_VERSION := v0.0.0-20261105234957-e22db6528018
DEMO         := .demo
FUZZTIME     ?= 30s
CONTRACT     := internal/contract

.PHONY: run build image test screenshots bench bench-import fuzz generate docs contract breaking contract-release check lint ci needs clean

run: build
	@echo 'users     admin@example.com with demo-admin, viewer@example.com with demo-viewer'
	@echo 'redis     $(or $(shell command -v redis-server || command -v valkey-server),none on PATH: databases are simulated)'
	@bin/reimport serve --data-plane auto --seed examples/demo.yaml --data-dir $(DEMO) --mount-point $(CURDIR)/examples

# Static: a process that loads no libraries starts 10 ms earlier, and runs anywhere.
build:
	@mkdir -p bin
	CGO_ENABLED=0 $(GO) build -o bin/reimport ./cmd/reimport

# Images for containers, made without Docker: an OCI layout, and a tar for each platform that `docker load` takes.
IMAGE := bin/image

image:
	@for arch in amd64 arm64; do \
		CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -trimpath -ldflags='-s -w' -o bin/linux-$$arch/reimport ./cmd/reimport || exit 1; \
	done
	@cd tools/image && $(GO) run . -out $(CURDIR)/$(IMAGE) $(CURDIR)/bin/linux-amd64/reimport $(CURDIR)/bin/linux-arm64/reimport

# What is missing is installed if apt-get can do so; else the tests that need it say that they skip.
NEEDS := redis-server chromium-headless-shell zsh fish man-db groff strace

needs:
	@for package in $(NEEDS); do \
		dpkg -s $$package >/dev/null 2>&1 || command -v $$package >/dev/null || missing="$$missing $$package"; \
	done; \
	test -z "$$missing" || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq; } || \
		{ echo "SKIPPING the tests that need$$missing: not installed, and cannot be installed here"; exit 0; }; \
	for package in $$missing; do \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$package >/dev/null || \
			echo "SKIPPING the tests that need $$package: it cannot be installed"; \
	done

# bcrypt is slow on purpose, ten times so with the race detector in it, and shares nothing.
RACE := -race -gcflags=golang.org/x/crypto/blowfish=-race=false

test: needs
	$(GO) test $(RACE) -vet=all ./...
	cd tools/image && $(GO) test -vet=all ./...

# What the pages look like, in server/testdata/screenshots.
screenshots: needs
	$(GO) test -count=1 -run TestBrowser ./server -screenshots

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./server ./cmd/reimport ./conform ./internal/node ./reimporttest ./internal/store/... ./internal/importer/...

# What imports cost beside other ways to load a file, and beside each other. It keeps 4 GB of files in BENCH_DIR for
# the next time, and wants a machine that does nothing else.
BENCH_DIR    ?= /tmp/reimport-bench
BENCH_ROUNDS ?= 5

bench-import:
	$(GO) test -run '^$$' -bench '^Benchmark.*Import' -benchtime $(BENCH_ROUNDS)x -timeout 3h ./cmd/reimport -import-scale 1 -import-dir $(BENCH_DIR)

# Seeds run in `make test`; here each fuzz test looks for new input.
fuzz:
	$(GO) test -run '^$$' -fuzz FuzzScan -fuzztime $(FUZZTIME) -fuzzminimizetime 20x ./internal/importer/rdb
	$(GO) test -run '^$$' -fuzz FuzzRequests -fuzztime $(FUZZTIME) ./server

generate:
	$(GO) generate ./...

docs:
	$(GO) test ./cmd/reimport -run '^(TestDocs|TestConformFindsOursSound)$$' -count 1 -update

# What readers and tools of other languages make of openapi.yaml. Their versions are locked.
contract:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(CONTRACT)/node_modules/.package-lock.json && \
		node --test --test-reporter=spec $(CONTRACT)/contract.test.mjs; \
	elif test -n "$$CI"; then echo 'openapi.yaml cannot be checked: node is not installed'; exit 1; \
	else echo 'SKIPPING the check that tools of other languages read openapi.yaml: node is not installed'; fi

# npm writes the hidden lock file once all packages are there.
$(CONTRACT)/node_modules/.package-lock.json: $(CONTRACT)/package-lock.json $(CONTRACT)/.npmrc
	cd $(CONTRACT) && npm ci && touch node_modules/.package-lock.json

# A contract that breaks the clients of the last release needs a version that says so.
breaking:
	@if (cd tools/breaking && $(GO) list -deps github.com/oasdiff/oasdiff >/dev/null); then \
		cd tools/breaking && $(GO) test . && $(GO) run . -released $(CURDIR)/docs/contract $(CURDIR)/openapi.yaml; \
	elif test -n "$$CI"; then echo 'breaking changes cannot be looked for: oasdiff is not there'; exit 1; \
	else echo 'SKIPPING the check for breaking changes: oasdiff is not there, and cannot be had'; fi

# A release keeps its contract for good.
contract-release: breaking
	@version=$$(sed -n 's/^  version: //p' openapi.yaml) && file=docs/contract/$$version.yaml && \
		if test -e $$file; then echo "$$file is released: expected another version in openapi.yaml"; exit 1; fi && \
		cp openapi.yaml $$file && echo $$file

# Generated files, docs/ and go.mod are what they would be if made again, files that git does not know included.
check: generate docs contract breaking
	$(GO) mod tidy
	for tool in image breaking; do (cd tools/$$tool && $(GO) mod tidy) || exit 1; done
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	@test -z "$$(git status --porcelain)" || { echo 'differs from what is committed:'; git status --porcelain; exit 1; }

$(GOLANGCI):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

bin/govulncheck:
	GOBIN=$(CURDIR)/bin $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)

# The standard library that is checked is that of the toolchain in go.mod, or of a later one.
lint: export GOTOOLCHAIN = auto
# The database is a module, so that the check says the same on every day.
lint: $(GOLANGCI) bin/govulncheck
	$(GOLANGCI) run ./...
	for tool in image breaking; do (cd tools/$$tool && $(CURDIR)/$(GOLANGCI) run ./...) || exit 1; done
	$(GO) mod download golang.org/x/vulndb@$(VULNDB_VERSION)
	.ci/vulncheck.sh "$$($(GO) env GOMODCACHE)/golang.org/x/vulndb@$(VULNDB_VERSION)/data/osv"

ci: check test lint fuzz

clean:
	rm -rf bin $(DEMO) $(CONTRACT)/node_modules
