#!/usr/bin/env bash
# Runs every test under the race detector, on a machine that may have nothing but Go. A skipped test fails the run:
# what could not be tested must be seen. TESTFLAGS adds flags (make test TESTFLAGS='-run Golden').
set -euo pipefail
cd "$(dirname "$0")/.."
have_go() { command -v go >/dev/null 2>&1; }
have_go || export PATH="$PATH:/usr/local/go/bin"

hack/deps.sh

go vet ./...
# shellcheck disable=SC2086 # TESTFLAGS is a list
go test -race -timeout 9m -json ${TESTFLAGS:-} ./... | go run ./hack/testreport
