#!/usr/bin/env bash
# Writes .env for docker-compose.yml with fresh random secrets, readable by its owner only. An .env that exists is kept:
# with a new master key, what the old one encrypted could not be read again. The file's name may be given as argument.
set -euo pipefail
out=${1:-$(dirname "$0")/../.env}

[ ! -e "$out" ] || { echo "hack/compose-env.sh: $out exists; remove it yourself to start over" >&2; exit 1; }

key() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }
password() { head -c 24 /dev/urandom | od -An -vtx1 | tr -d ' \n'; } # hexadecimal: it stands in a URL

umask 077
cat >"$out" <<EOF
# Secrets of this installation. Keep a copy in a safe place and out of version control.
GATEHOUSE_POSTGRES_PASSWORD=$(password)
GATEHOUSE_APP_PASSWORD=$(password)
GATEHOUSE_MASTER_KEYS=k1:$(key)
GATEHOUSE_ROOT_SECRET=$(key)
EOF
echo "wrote $out" >&2
