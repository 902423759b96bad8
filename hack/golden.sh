#!/usr/bin/env bash
# Rewrites the golden files: runs the tests of every package that has an -update flag. Review the diff as text.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t dirs < <(grep -rlE --include='*_test.go' 'flag\.Bool(Var)?\(.*"update"' . | xargs -r -n1 dirname | sort -u)
[ "${#dirs[@]}" != 0 ] || { echo "hack/golden.sh: no package has golden files" >&2; exit 0; }
go test "${dirs[@]}" -run Golden -count=1 -update
