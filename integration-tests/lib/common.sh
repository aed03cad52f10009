# Shared by the scripts of this folder: where the cluster is, how it was started, how a node of it is killed and started
# again. Sourced, never run.
#
# Exit codes of all scripts: 0 every promise was kept, 1 a promise was broken, 2 wrong usage, 3 no cluster answers or it
# cannot be controlled from here.

readonly EXIT_BROKEN=1 EXIT_USAGE=2 EXIT_NO_CLUSTER=3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly here
root=$(cd "$here/.." && pwd)
readonly root

BASE_URL=${BASE_URL:-http://127.0.0.1:8080}
BASE_URL=${BASE_URL%/}

# Node for reading JSON: the project's own, else whatever is there.
NODE=$root/node_modules/.bin/node
[ -x "$NODE" ] || NODE=$(ls "$root"/node_modules/node-*/bin/node 2>/dev/null | head -n 1 || true)
[ -x "$NODE" ] || NODE=$(command -v node || true)
[ -n "$NODE" ] || { echo 'This needs Node 20 or newer on the PATH (it reads JSON).' >&2; exit "$EXIT_NO_CLUSTER"; }
command -v curl >/dev/null || { echo 'This needs curl on the PATH.' >&2; exit "$EXIT_NO_CLUSTER"; }
readonly NODE

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  GREEN=$'\e[32m' RED=$'\e[31m' BOLD=$'\e[1m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
  GREEN='' RED='' BOLD='' DIM='' PLAIN=''
fi

title() { printf '\n%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }
note() { printf '    %s\n' "$*"; }
kept() { printf '  %s✓%s %s\n' "$GREEN" "$PLAIN" "$*"; }
# The first broken promise ends the script.
broken() { printf '  %s✗ %s%s\n' "$RED" "$*" "$PLAIN" >&2; exit "$EXIT_BROKEN"; }
usage_error() { echo "$*; --help tells what there is." >&2; exit "$EXIT_USAGE"; }
is_count() { [[ $1 =~ ^[0-9]+$ ]]; }

# The comment at the top of a script is its help.
print_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//;/^[^#]*$/p}' "$1" | sed '/^set -/,$d'; }

# json EXPRESSION: reads a JSON document from stdin as `d`, prints the value of the expression.
json() {
  "$NODE" -e '
    let text = "";
    process.stdin.on("data", (chunk) => (text += chunk)).on("end", () => {
      // Nobody answered; whoever asked says so.
      if (text === "") process.exit(1);
      const value = new Function("d", `return (${process.argv[1]})`)(JSON.parse(text));
      console.log(typeof value === "string" ? value : JSON.stringify(value));
    });' "$1"
}

probe() { "$NODE" "$here/lib/cluster-probe.mjs" "$@"; }
muster() { "$NODE" "$root/apps/cli/dist/main.js" "$@"; }
status() { curl -sf -m 10 "$BASE_URL/cluster/status"; }
member_status() { status | json "(d.membership['$1'] ?? {}).status ?? 'GONE'"; }

# Whether BASE_URL leads here: a cluster elsewhere may use the same port and names, and nothing of ours is killed for it.
is_this_machine() { [[ $BASE_URL =~ ^https?://(localhost|127\.[0-9.]+|\[::1\])(:|$) ]]; }

# Sets MODE to local, compose or remote, and COMPOSE to the command that controls the stack.
find_out_mode() {
  MODE=remote
  COMPOSE=''
  local gateway
  gateway=$(cd "${MUSTER_CWD:-$root}" && muster ps --json 2>/dev/null | json "(d.find((p) => p.role === 'gateway') ?? {}).httpUrl ?? ''" 2>/dev/null || true)
  if [ -n "$gateway" ] && is_this_machine && [ "${gateway##*:}" = "${BASE_URL##*:}" ]; then
    MODE=local
    return
  fi
  local candidate
  for candidate in 'docker compose' 'docker-compose'; do
    if [ -n "$(cd "$root" && $candidate ps -q gateway 2>/dev/null)" ]; then
      MODE=compose
      COMPOSE=$candidate
      return
    fi
  done
}

describe_mode() {
  case $MODE in
    local) echo 'started by npm start' ;;
    compose) echo "started by $COMPOSE" ;;
    remote) echo 'started elsewhere: nodes cannot be killed from here' ;;
  esac
}

# Ends the script unless the cluster answers; prints where it is.
require_cluster() {
  status >/dev/null || {
    echo "No cluster answers at $BASE_URL/cluster/status." >&2
    echo 'Start one with `npm start` or `docker compose up -d --wait`, or set BASE_URL.' >&2
    exit "$EXIT_NO_CLUSTER"
  }
  find_out_mode
  title "Cluster at $BASE_URL, $(describe_mode)"
}

require_control() {
  [ "$MODE" != remote ] || { echo 'This script kills a node, so the cluster must run here, by `npm start` or docker compose.' >&2; exit "$EXIT_NO_CLUSTER"; }
}

# The container of a member. Its node id ends in the host name, which is the container's id unless compose sets one.
container_of() {
  local id
  for id in $(cd "$root" && $COMPOSE ps -aq); do
    local hostname service
    hostname=$(docker inspect -f '{{.Config.Hostname}}' "$id")
    service=$(docker inspect -f '{{index .Config.Labels "com.docker.compose.service"}}' "$id")
    if [ "$1" = "$hostname" ] || [ "$1" = "$service-$hostname" ]; then
      echo "$id"
      return
    fi
  done
  echo "no container belongs to the member $1" >&2
  return 1
}

# SIGKILL, and nothing starts it again by itself. Sets KILLED_AT_MS to when the process ended (milliseconds since 1970):
# the command may take a second to get that far, which is no business of the cluster.
kill_node() {
  case $MODE in
    local) KILLED_AT_MS=$(cd "${MUSTER_CWD:-$root}" && muster kill "$1" --json | json d.atUnixMs) ;;
    compose)
      local container
      container=$(container_of "$1") && docker kill "$container" >/dev/null || return 1
      docker wait "$container" >/dev/null
      KILLED_AT_MS=$(date -d "$(docker inspect -f '{{.State.FinishedAt}}' "$container")" +%s%3N)
      ;;
  esac
}

start_node() {
  case $MODE in
    local) (cd "${MUSTER_CWD:-$root}" && muster start "$1" >/dev/null) ;;
    compose) docker start "$(container_of "$1")" >/dev/null ;;
  esac
}

# Runs Node where the members' addresses can be reached: here, or inside the gateway's container.
node_inside() {
  case $MODE in
    compose) docker exec -i "$(cd "$root" && $COMPOSE ps -q gateway | head -n 1)" node "$@" ;;
    *) "$NODE" "$@" ;;
  esac
}
