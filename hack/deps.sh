#!/usr/bin/env bash
# Finds what the tests run against: a C compiler for the race detector, Postgres binaries and a pooler, Redis, Chromium,
# the reverse proxies nginx and Caddy, and the OpenID and SAML providers that are not ours (Node runs two of them, PHP
# one, and one is Debian's). What is missing is installed where that is possible (Debian or Ubuntu, as root or with
# password-less sudo); elsewhere one message says what to install.
set -euo pipefail

have() { command -v "$1" >/dev/null 2>&1; }
have_any() { local c; for c; do have "$c" && return 0; done; return 1; }
have_postgres() {
  have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || compgen -G '/usr/pgsql-*/bin/initdb' >/dev/null
}
have_php() { have php && php -r 'exit((int) !(extension_loaded("dom") && extension_loaded("mbstring")));'; }
have_chromium() { have_any chromium chromium-browser google-chrome google-chrome-stable || [ -x "${CHROME_BIN:-}" ]; }

# missing prints the Debian packages that would supply what is not there.
missing() {
  have_any gcc clang || echo gcc libc6-dev
  have git || echo git
  have curl || echo curl ca-certificates
  have_postgres || echo postgresql
  have_chromium || echo chromium
  have glewlwyd || echo glewlwyd
  have redis-server || echo redis-server
  have pgbouncer || [ -x /usr/sbin/pgbouncer ] || echo pgbouncer
  have nginx || [ -x /usr/sbin/nginx ] || echo nginx
  have caddy || echo caddy
  have openssl || echo openssl
  have_php || echo php-cli php-xml php-mbstring
  have node || echo nodejs
  have npm || echo npm # some Node packages bring it, and then this one conflicts: asked again after the first round
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
can_install() { have apt-get && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; }

# install_packages keeps Debian from starting the daemons it installs: a second Postgres on port 5432, or a provider
# on every interface, is nothing a test run should leave behind.
install_packages() {
  local policy=/usr/sbin/policy-rc.d mine='' rc=0 log
  log=$(mktemp)
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    mine=1
  fi
  {
    as_root apt-get -o DPkg::Lock::Timeout=120 update -qq || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "$@" || rc=$?
  } >"$log" 2>&1
  [ -z "$mine" ] || as_root rm -f "$policy"
  if [ "$rc" != 0 ]; then
    tail -n 20 "$log" >&2
    echo "hack/deps.sh: apt-get install $* failed (the whole log is in $log)" >&2
    return "$rc"
  fi
  rm -f "$log"
}

check_go() {
  local want
  want=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)
  have go || { echo "hack/deps.sh: Go $want or newer is needed: https://go.dev/doc/install" >&2; exit 1; }
  # With another toolchain than go.mod asks for, the go command fetches the right one or says why it cannot.
  go version >/dev/null || exit 1
}

cd "$(dirname "$0")/.."
have go || [ ! -x /usr/local/go/bin/go ] || export PATH="$PATH:/usr/local/go/bin"
check_go

for round in 1 2; do
  mapfile -t need < <(missing | tr ' ' '\n')
  [ "${#need[@]}" != 0 ] || exit 0
  if ! can_install; then
    echo "hack/deps.sh: missing on this machine; on Debian or Ubuntu: sudo apt-get install ${need[*]}" >&2
    exit 1
  fi
  # Node first and alone: whether npm is still missing shows only afterwards.
  if [ "$round" = 1 ] && ! have node; then
    mapfile -t need < <(printf '%s\n' "${need[@]}" | grep -vx npm)
  fi
  echo "hack/deps.sh: installing ${need[*]}" >&2
  install_packages "${need[@]}"
done
mapfile -t need < <(missing)
[ "${#need[@]}" = 0 ] || { echo "hack/deps.sh: still missing after the installation: ${need[*]}" >&2; exit 1; }
