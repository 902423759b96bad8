#!/bin/bash
# Glewlwyd (Debian), an OpenID Provider written in C: one issuer per tenant. Its packages are unpacked into the cache and run
# from there as a private instance, so that neither root nor a daemon is needed.
#   PORT=5611 TENANTS=globex REDIRECTS=http://127.0.0.1:9999/callback hack/idps/glewlwyd.sh run
NAME=glewlwyd
PORT=${PORT:-5611}
TENANTS=${TENANTS:-globex}
REDIRECTS=${REDIRECTS:-http://127.0.0.1:9999/callback}
. "$(dirname "$0")/lib.sh"
ROOT=$CACHE/glewlwyd
DB=$STATE/glewlwyd.db

# What apt would install on this machine, unpacked instead: it also names the libraries that are missing here.
fetch() {
  command -v apt-get >/dev/null || die "needs Debian's packages, and there is no apt-get"
  local debs=$CACHE/glewlwyd-debs missing
  rm -rf "$debs" "$ROOT"
  mkdir -p "$debs" "$ROOT"
  [ "$(id -u)" != 0 ] || apt-get update -qq >"$STATE/apt.log" 2>&1 || true
  missing=$(apt-get install -s --reinstall --no-install-recommends glewlwyd glewlwyd-common dbconfig-no-thanks sqlite3 openssl 2>"$STATE/apt.log" |
    awk '/^Inst/ {print $2}')
  [ -n "$missing" ] || { tail -5 "$STATE/apt.log" >&2; die "apt knows no package glewlwyd; run apt-get update as root"; }
  # shellcheck disable=SC2086 # a list of package names
  (cd "$debs" && apt-get download $missing) >>"$STATE/apt.log" 2>&1 ||
    { tail -5 "$STATE/apt.log" >&2; die "apt could not download glewlwyd"; }
  local deb
  for deb in "$debs"/*.deb; do dpkg -x "$deb" "$ROOT"; done
  rm -rf "$debs"
  mkdir -p "$ROOT/usr/lib/glewlwyd/user_middleware"
}
install() { once glewlwyd fetch; }

# with_libs <command...>: run a program with the unpacked libraries behind those of the system.
with_libs() {
  local dirs
  dirs=$(printf '%s:' "$ROOT"/usr/lib/*-linux-* "$ROOT"/lib/*-linux-*)
  env LD_LIBRARY_PATH="${dirs%:}" PATH="$PATH:$ROOT/usr/bin" "$@"
}

configure() {
  rm -f "$DB"
  with_libs sqlite3 "$DB" <"$ROOT/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3"
  # A scope that needs a password makes auth_time true; email_verified is a property that its users do not have at first.
  with_libs sqlite3 "$DB" <<'SQL'
UPDATE g_scope SET gs_password_required = 1, gs_password_max_age = 0 WHERE gs_name = 'openid';
INSERT INTO g_scope (gs_name, gs_display_name, gs_description, gs_password_required, gs_password_max_age)
  VALUES ('email', 'E-mail', '', 0, 0), ('profile', 'Profile', '', 0, 0);
UPDATE g_user_module_instance SET gumi_parameters = json_set(gumi_parameters, '$.data-format.email_verified',
  json('{"multiple":false,"read":true,"write":true,"profile-read":true,"profile-write":false}'));
SQL
  with_libs openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$STATE/key.pem" 2>/dev/null
  with_libs openssl pkey -in "$STATE/key.pem" -pubout -out "$STATE/public.pem"
  cat >"$STATE/glewlwyd.conf" <<CONF
port = $PORT
bind_address = "127.0.0.1"
external_url = "$BASE"
login_url = "login.html"
api_prefix = "api"
static_files_path = "$ROOT/usr/share/glewlwyd/webapp/"
log_mode = "console"
log_level = "WARNING"
cookie_domain = ""
cookie_secure = 0
session_key = "GLEWLWYD2_SESSION_ID"
session_expiration = 2419200
admin_scope = "g_admin"
profile_scope = "g_profile"
user_module_path = "$ROOT/usr/lib/glewlwyd/user"
user_middleware_module_path = "$ROOT/usr/lib/glewlwyd/user_middleware"
client_module_path = "$ROOT/usr/lib/glewlwyd/client"
user_auth_scheme_module_path = "$ROOT/usr/lib/glewlwyd/scheme"
plugin_module_path = "$ROOT/usr/lib/glewlwyd/plugin"
hash_algorithm = "SHA512"
database = { type = "sqlite3"; path = "$DB"; };
CONF
}

# admin <path> <json>: call the administration API; the first call of a session signs in.
admin() {
  curl -fsS --noproxy '*' -o "$STATE/admin.out" -b "$STATE/admin.jar" -c "$STATE/admin.jar" \
    -H 'Content-Type: application/json' -d "$2" "$BASE/api/$1" ||
    { cat "$STATE/admin.out" >&2; die "administration call $1 was refused"; }
}
pem() { awk '{printf "%s\\n", $0}' "$1"; }

provide() {
  local tenant=$1
  admin mod/plugin/ '{"module":"oidc","name":"'"$tenant"'","display_name":"'"$tenant"'","order_rank":0,"readonly":false,"parameters":{
    "iss":"'"$BASE/api/$tenant"'","jwt-type":"rsa","jwt-key-size":"256",
    "key":"'"$(pem "$STATE/key.pem")"'","cert":"'"$(pem "$STATE/public.pem")"'","jwks-show":true,
    "access-token-duration":600,"refresh-token-duration":3600,"code-duration":60,"refresh-token-rolling":true,
    "allow-non-oidc":false,"subject-type":"public","allowed-scope":["openid","email","profile"],
    "auth-type-code-enabled":true,"auth-type-code-revoke-replayed":true,"auth-type-id-token-enabled":true,"auth-type-refresh-enabled":true,
    "auth-type-token-enabled":false,"auth-type-none-enabled":false,"auth-type-password-enabled":false,
    "auth-type-client-enabled":false,"auth-type-device-enabled":false,
    "name-claim":"mandatory","email-claim":"mandatory","scope-claim":"no",
    "claims":[{"name":"email_verified","user-property":"email_verified","type":"boolean",
      "boolean-value-true":"1","boolean-value-false":"0","mandatory":true,"scope":[]}],
    "pkce-allowed":true,"pkce-required":true,"pkce-method-plain-allowed":false,"oauth-as-iss-id":true,
    "introspection-revocation-allowed":false,"register-client-allowed":false,"request-parameter-allow":false}}'
}
user() { # user <login> <1|0 for a verified e-mail>
  admin user/ '{"username":"'"$1"'","name":"'"${1^}"'","email":"'"$1@${TENANTS%%,*}"'.example","email_verified":"'"$2"'",
    "password":"password","enabled":true,"scope":["openid","email","profile","g_profile"]}'
}
launch() {
  configure
  start_bg env LD_LIBRARY_PATH="$(with_libs printenv LD_LIBRARY_PATH)" "$ROOT/usr/bin/glewlwyd" --config-file="$STATE/glewlwyd.conf"
  wait_http "$BASE/config"
  rm -f "$STATE/admin.jar"
  admin auth/ '{"username":"admin","password":"password"}'
  local tenant login
  for tenant in ${TENANTS//,/ }; do provide "$tenant"; done
  for login in alice bob carol; do user "$login" 1; done
  user mallory 0
  admin client/ '{"client_id":"web","name":"web","confidential":true,"password":"secret-glewlwyd","enabled":true,
    "redirect_uri":["'"${REDIRECTS//,/\",\"}"'"],"authorization_type":["code","refresh_token"],
    "token_endpoint_auth_method":["client_secret_basic"],"scope":["openid","email","profile"]}'
}
info() {
  local tenant
  for tenant in ${TENANTS//,/ }; do
    echo "issuer $BASE/api/$tenant  client web, secret secret-glewlwyd  users alice bob carol mallory, password password"
  done
}
dispatch "$@"
