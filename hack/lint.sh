#!/usr/bin/env bash
# Runs golangci-lint at the version named here, built from source once and kept by version under the user's cache.
# The first build takes some minutes. Arguments are packages (default ./...).
set -euo pipefail
version=v2.15.0

cd "$(dirname "$0")/.."
command -v go >/dev/null 2>&1 || export PATH="$PATH:/usr/local/go/bin"

# A linter built by an older Go cannot read code for a newer one: the cache names both.
dir=${XDG_CACHE_HOME:-$HOME/.cache}/gatehouse/tools/golangci-lint-$version-$(go env GOVERSION)
if [ ! -x "$dir/golangci-lint" ]; then
  echo "hack/lint.sh: building golangci-lint $version (once)" >&2
  GOBIN=$dir GOFLAGS='' go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version"
fi
[ $# != 0 ] || set -- ./...
exec "$dir/golangci-lint" run "$@"
