#!/bin/bash
# SimpleSAMLphp (Debian), a SAML identity provider, on PHP's own server. Its package is unpacked into the cache and run from
# there, which takes neither root nor the Apache that the package asks for. One process is one provider.
#   PORT=5631 TENANT=acme hack/idps/simplesamlphp.sh run
# Read anew at each request from the state folder: users.json, sps/*.json and keys.json (see simplesamlphp/).
NAME=simplesamlphp
PORT=${PORT:-5631}
TENANT=${TENANT:-${TENANTS:-acme}}
. "$(dirname "$0")/lib.sh"
ROOT=$CACHE/simplesamlphp

fetch() {
  command -v apt-get >/dev/null || die "needs Debian's package simplesamlphp, and there is no apt-get"
  local debs=$CACHE/simplesamlphp-debs
  rm -rf "$debs" "$ROOT"
  mkdir -p "$debs" "$ROOT"
  [ "$(id -u)" != 0 ] || apt-get update -qq >"$STATE/apt.log" 2>&1 || true
  (cd "$debs" && apt-get download simplesamlphp) >>"$STATE/apt.log" 2>&1 ||
    { tail -5 "$STATE/apt.log" >&2; die "apt could not download simplesamlphp; run apt-get update as root"; }
  dpkg -x "$debs"/simplesamlphp_*.deb "$ROOT"
  rm -rf "$debs"
}
install() {
  command -v php >/dev/null || die "php is missing: apt-get install php-cli php-xml php-mbstring"
  once simplesamlphp fetch
}

configure() {
  mkdir -p "$STATE"/{cert,data,log,sessions,sps,tmp}
  [ -f "$STATE/salt" ] || head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$STATE/salt"
  self_signed "$STATE/cert/1" "$NAME-$TENANT"
  [ -f "$STATE/keys.json" ] || echo '{"signing": "1"}' >"$STATE/keys.json"
  [ -f "$STATE/users.json" ] || cat >"$STATE/users.json" <<JSON
{
  "alice": {"email": ["alice@$TENANT.example"], "firstName": ["Alice"], "lastName": ["Archer"], "groups": ["staff", "admins"]},
  "bob": {"email": ["bob@$TENANT.example"], "firstName": ["Bob"], "lastName": ["Baker"], "groups": ["staff"]},
  "carol": {"email": ["carol@$TENANT.example"], "firstName": ["Carol"], "lastName": ["Cooper"], "groups": ["staff"]}
}
JSON
}
launch() {
  configure
  export STATE BASE TENANT SIMPLESAMLPHP_CONFIG_DIR=$HERE/simplesamlphp PHP_CLI_SERVER_WORKERS=2
  # What SimpleSAMLphp deprecates in newer PHP is not ours to read; the sessions go with the state folder.
  start_bg php -d error_reporting=22527 -d display_errors=0 -d session.save_path="$STATE/sessions" -d session.gc_probability=0 \
    -S "127.0.0.1:$PORT" -t "$ROOT/usr/share/simplesamlphp/www"
  wait_http "$BASE/saml2/idp/metadata.php"
}
info() {
  echo "metadata $BASE/saml2/idp/metadata.php  entity ID $BASE/idp/$TENANT  users alice bob carol, password password"
}
dispatch "$@"
