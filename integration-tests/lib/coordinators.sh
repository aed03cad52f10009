# Parts of test-ha-cluster.sh: where the coordinators are, how one is stopped and frozen, and what the facts of the watch say. Sourced after
# common.sh, never run.

now_ms() { date +%s%3N; }
seconds() { printf '%d.%02d s' $(($1 / 1000)) $(($1 % 1000 / 10)); }
ha_probe() { "$NODE" "$here/lib/ha-probe.mjs" "$@"; }

# Sets COORDINATORS to the node ids of all of them, and URL_OF to where each answers from here.
declare -A URL_OF
find_coordinators() {
  COORDINATORS=''
  local name url
  while read -r name url; do
    [ -n "$name" ] || continue
    COORDINATORS="$COORDINATORS $name"
    URL_OF[$name]=$url
  done < <(list_coordinators)
  COORDINATORS=${COORDINATORS# }
}

list_coordinators() {
  case $MODE in
    local) (cd "${MUSTER_CWD:-$root}" && muster ps --json) | json "d.filter((p) => p.role === 'coordinator').map((p) => p.nodeId + ' ' + p.httpUrl).join('\n')" ;;
    compose)
      local service
      for service in $(cd "$root" && $COMPOSE ps --services | grep '^coordinator' | sort); do
        echo "$service http://127.0.0.1:$(cd "$root" && $COMPOSE port "$service" 8081 | sed 's/.*://')"
      done
      ;;
  esac
}

# urls_of NAMES: NAME=URL,NAME=URL
urls_of() {
  local name all=''
  for name in $1; do all="$all,$name=${URL_OF[$name]}"; done
  echo "${all#,}"
}

# SIGTERM, so that it hands over and says good-bye.
stop_node() {
  case $MODE in
    local) (cd "${MUSTER_CWD:-$root}" && muster stop "$1" >/dev/null) ;;
    compose) docker stop "$(container_of "$1")" >/dev/null ;;
  esac
}

# It keeps its memory and its connections, and runs no more. Sets FROZEN_AT_MS to when that was so (milliseconds since 1970).
freeze_node() {
  case $MODE in
    local) kill -STOP "$(pid_of "$1")" ;;
    compose) docker pause "$(container_of "$1")" >/dev/null ;;
  esac || return 1
  FROZEN_AT_MS=$(now_ms)
}

thaw_node() {
  case $MODE in
    local) kill -CONT "$(pid_of "$1")" ;;
    compose) docker unpause "$(container_of "$1")" >/dev/null ;;
  esac
}

pid_of() { (cd "${MUSTER_CWD:-$root}" && muster ps --json) | json "d.find((p) => p.name === '$1').pid"; }

# Facts of a kind; a line that is being written is left for later.
whole_facts() { grep "\"kind\":\"$1\".*}\$" "$facts"; }

# The longest time without an acknowledged change since then, by when each was acknowledged. Milliseconds.
longest_gap() {
  whole_facts acknowledged | "$NODE" -e '
    const since = Number(process.argv[1]);
    // From the last one before, which may have been long ago.
    const all = require("fs").readFileSync(0, "utf8").trim().split("\n").map((line) => JSON.parse(line).atUnixMs).sort((a, b) => a - b);
    const times = all.filter((at, i) => at >= since || all[i + 1] >= since);
    console.log(times.reduce((longest, at, i) => Math.max(longest, i === 0 ? 0 : at - times[i - 1]), 0));' "$1"
}

# How many changes were acknowledged that were asked for within that time.
acknowledged_between() {
  whole_facts acknowledged | "$NODE" -e '
    const [from, to] = process.argv.slice(1).map(Number);
    console.log(require("fs").readFileSync(0, "utf8").trim().split("\n").map((line) => JSON.parse(line).startedUnixMs).filter((at) => at > from && at < to).length);' "$1" "$2"
}

# Every acknowledged change reached the consumers by way of the bus, each once; waits while they catch up.
await_stored() {
  local deadline=$((SECONDS + SETTLE_MS_MAX / 1000)) from
  # The coordinators' clocks may be a little apart from ours.
  from=$(date -u -d "@$((started_at / 1000 - 60))" +%Y-%m-%dT%H:%M:%S.000Z)
  until all_stored "$from" 2>"$work/missing"; do
    [ "$SECONDS" -lt "$deadline" ] || { cat "$work/missing" >&2; return 1; }
    sleep 1
  done
}

# all_stored FROM: as it is now.
all_stored() {
  local consumer
  consumer=$(status | json "(Object.values(d.membership).find((m) => m.service === 'consumer' && m.status === 'HEALTHY') ?? {}).httpUrl ?? ''")
  [ -n "$consumer" ] || { echo '    no consumer is HEALTHY' >&2; return 1; }
  printf '{"httpUrl":"%s","from":"%s","nodeIds":%s}' "$consumer" "$1" "$(json 'JSON.stringify(d.names.split(" "))' <<<"{\"names\":\"$COORDINATORS\"}")" |
    node_inside --input-type=module -e "$(cat "$here/lib/consumer-events.mjs")" >"$work/events" || return 1
  question stored 0 --facts "$facts" --events "$work/events" >/dev/null
}

write_report() {
  mkdir -p "$(dirname "$report")"
  touch "$work/measured"
  "$NODE" "$here/lib/ha-report.mjs" --facts "$facts" --measured "$work/measured" --outcome "$outcome" --cluster "$BASE_URL, $(describe_mode)" --started "$started_at" --coordinators "$COORDINATORS" >"$report"
}
