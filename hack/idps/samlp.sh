#!/bin/bash
# Auth0's samlp (npm), a SAML identity provider: one per tenant.
#   PORT=5651 TENANTS=acme,globex hack/idps/samlp.sh run
NAME=samlp
PORT=${PORT:-5651}
VERSION=8.0.0
TENANTS=${TENANTS:-acme,globex}
. "$(dirname "$0")/lib.sh"
NODE_DIR=$CACHE/samlp-$VERSION

fetch() {
  command -v npm >/dev/null || die "npm is missing: apt-get install nodejs npm"
  mkdir -p "$NODE_DIR"
  echo '{"private":true}' >"$NODE_DIR/package.json"
  (cd "$NODE_DIR" && npm install --no-audit --no-fund --ignore-scripts "samlp@$VERSION") >"$STATE/npm.log" 2>&1 ||
    { tail -5 "$STATE/npm.log" >&2; die "npm could not install samlp@$VERSION"; }
}
install() {
  command -v node >/dev/null || die "node is missing: apt-get install nodejs npm"
  once "samlp-$VERSION" fetch
}
launch() {
  local tenant
  for tenant in ${TENANTS//,/ }; do self_signed "$STATE/$tenant" "$NAME-$tenant"; done
  export PORT TENANTS STATE NODE_DIR
  start_bg node --no-deprecation "$HERE/samlp.mjs"
  wait_http "$BASE/t/${TENANTS%%,*}/metadata"
}
info() {
  local tenant
  for tenant in ${TENANTS//,/ }; do
    echo "metadata and entity ID $BASE/t/$tenant/metadata  users alice bob carol, password password"
  done
}
dispatch "$@"
