#!/bin/bash
# panva's oidc-provider (npm), a certified OpenID Provider: one issuer per tenant.
#   PORT=5601 TENANTS=acme,globex REDIRECTS=http://127.0.0.1:9999/callback hack/idps/oidc-provider.sh run
NAME=oidc-provider
PORT=${PORT:-5601}
VERSION=9.13.3
TENANTS=${TENANTS:-acme,globex}
REDIRECTS=${REDIRECTS:-http://127.0.0.1:9999/callback}
. "$(dirname "$0")/lib.sh"
NODE_DIR=$CACHE/oidc-provider-$VERSION

fetch() {
  command -v npm >/dev/null || die "npm is missing: apt-get install nodejs npm"
  mkdir -p "$NODE_DIR"
  echo '{"private":true}' >"$NODE_DIR/package.json"
  (cd "$NODE_DIR" && npm install --no-audit --no-fund --ignore-scripts "oidc-provider@$VERSION") >"$STATE/npm.log" 2>&1 ||
    { tail -5 "$STATE/npm.log" >&2; die "npm could not install oidc-provider@$VERSION"; }
}
install() {
  command -v node >/dev/null || die "node is missing: apt-get install nodejs npm"
  once "oidc-provider-$VERSION" fetch
}
launch() {
  export PORT TENANTS REDIRECTS NODE_DIR
  start_bg node "$HERE/oidc-provider.mjs"
  wait_http "$BASE/t/${TENANTS%%,*}/.well-known/openid-configuration"
}
info() {
  local tenant
  for tenant in ${TENANTS//,/ }; do
    echo "issuer $BASE/t/$tenant  client web, secret secret-$tenant  users alice bob carol mallory, any password"
  done
}
dispatch "$@"
