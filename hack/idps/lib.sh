# lib.sh - sourced by the scripts beside it; needs bash, curl, flock.
# A script sets NAME and PORT and defines
#   install    fetch what is missing into $CACHE; may be called many times and offline once it has succeeded
#   launch     start the program by start_bg and wait until it answers
#   info       print what a relying party has to know
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${GATEHOUSE_IDP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/gatehouse-idps}
STATE=${STATE:-${TMPDIR:-/tmp}/gatehouse-idps-$(id -u)/$NAME-$PORT}
PIDFILE=$STATE/pid
BASE=http://127.0.0.1:$PORT

die() { echo "$NAME: $*" >&2; exit 1; }
mkdir -p "$CACHE" "$STATE" 2>/dev/null || die "cannot write to $CACHE or $STATE; set GATEHOUSE_IDP_CACHE and STATE"

# once <key> <command...>: run the command with the cache locked, unless it has succeeded before for this key.
once() {
  local key=$1; shift
  [ ! -f "$CACHE/$key.done" ] || return 0
  (
    flock 9
    [ ! -f "$CACHE/$key.done" ] || exit 0
    "$@"
    touch "$CACHE/$key.done"
  ) 9>"$CACHE/$key.lock"
}

# self_signed <file> <name>: an RSA key in file.key and its certificate in file.crt, unless they are there.
self_signed() {
  [ -f "$1.crt" ] || openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$2" -keyout "$1.key" -out "$1.crt" 2>"$STATE/openssl.log" ||
    { tail -5 "$STATE/openssl.log" >&2; die "openssl could not make a certificate"; }
}

# start_bg <command...>: the program becomes a process group of its own.
start_bg() {
  setsid "$@" >>"$STATE/out.log" 2>&1 </dev/null 9>&- &
  echo $! >"$PIDFILE"
  started $! >"$PIDFILE.time"
}
# A process id that was given to another program since has another start time.
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
alive() {
  [ -f "$PIDFILE" ] || return 1
  local now; now=$(started "$(cat "$PIDFILE")")
  [ -n "$now" ] && [ "$now" = "$(cat "$PIDFILE.time")" ]
}

wait_http() {
  local i
  for ((i = 0; i < 300; i++)); do
    alive || { tail -20 "$STATE/out.log" >&2; die "ended before it was ready"; }
    curl -fsS -o /dev/null --noproxy '*' --max-time 5 "$1" 2>/dev/null && return 0
    sleep 0.1
  done
  tail -20 "$STATE/out.log" >&2
  die "does not answer at $1"
}

stop() {
  if alive; then
    local pid; pid=$(cat "$PIDFILE")
    kill -TERM -- "-$pid" 2>/dev/null || true
    for _ in $(seq 50); do kill -0 -- "-$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL -- "-$pid" 2>/dev/null || true
  fi
  rm -f "$PIDFILE" "$PIDFILE.time"
}

dispatch() {
  case ${1:-run} in
    install) install ;;
    run)
      # For tests: lives as long as standard input, so that it cannot outlive whoever started it, however that one ends.
      install
      trap stop EXIT
      trap 'exit 143' TERM INT HUP
      : >"$STATE/out.log"
      launch
      info
      echo ready
      cat >/dev/null
      ;;
    start)
      install
      if ! alive; then : >"$STATE/out.log"; launch; fi
      info
      ;;
    stop) stop ;;
    info) info ;;
    *) echo "usage: $0 run|start|stop|info|install" >&2; exit 2 ;;
  esac
}
