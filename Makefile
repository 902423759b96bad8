# The commands of this repository. `make` alone lists them.

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X main.version=$(VERSION)
ARGS      ?=
FUZZTIME  ?= 10s
BIN       := bin/gatehouse

export FUZZTIME TESTFLAGS

.DEFAULT_GOAL := help
.PHONY: help run build test lint bench bench-peers chaos golden fuzz cover image clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: build ## build and start everything on this machine: make run ARGS='--addr :9000'
	@exec $(BIN) dev $(ARGS)

build: ## build the release binary, bin/gatehouse
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/gatehouse

test: ## run every test with -race, installing what is missing; a skipped test fails
	@hack/test.sh

lint: ## run golangci-lint at its pinned version
	@hack/lint.sh

bench: ## measure latencies, statements per call, memory, start time and binary size
	go run ./bench $(ARGS)

bench-peers: ## ask OpenFGA and Cerbos the same question; OPENFGA_BIN and CERBOS_BIN say where they are
	go run ./bench -peers $(ARGS)

chaos: ## kill servers and Postgres a hundred times under load, and count again: make chaos ARGS='-kills 20 -seed 1'
	go test ./internal/e2e/chaos -count=1 -timeout 60m -v -args -full -kills 100 $(ARGS)

golden: ## rewrite the golden files
	@hack/golden.sh

fuzz: ## fuzz each target for FUZZTIME (10s)
	@hack/fuzz.sh

cover: ## test coverage over all packages, as coverage.out and coverage.html
	go test -coverprofile=coverage.out -coverpkg=./... ./...
	go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -n 1

image: ## build the container image
	docker build --build-arg VERSION=$(VERSION) -t gatehouse:$(VERSION) .

clean: ## remove build output; the data of make run stays in .gatehouse/
	rm -rf bin coverage.out coverage.html
