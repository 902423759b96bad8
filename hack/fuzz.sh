#!/usr/bin/env bash
# Fuzzes each target of the module for FUZZTIME (default 10s). The go command fuzzes one target of one package a run.
set -euo pipefail
cd "$(dirname "$0")/.."

grep -rlE --include='*_test.go' '^func Fuzz[A-Z]' . | xargs -r -n1 dirname | sort -u | while read -r dir; do
  sed -nE 's/^func (Fuzz[A-Z][A-Za-z0-9_]*)\(.*/\1/p' "$dir"/*_test.go | while read -r target; do
    echo "== $dir $target"
    go test -run='^$' -fuzz="^$target\$" -fuzztime="${FUZZTIME:-10s}" "$dir" </dev/null
  done
done
