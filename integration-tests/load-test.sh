#!/usr/bin/env bash
# Sustained load through the gateway, posting log records and reading them, while health scores, availability and the
# detection of a killed node are watched. At the end it counts whether every acknowledged record was stored.
#
#   integration-tests/load-test.sh [--duration SECONDS] [--rate N] [--no-kill]
#
#   --duration SECONDS   how long to make load (60)
#   --rate N             requests per second, half of them writes (50)
#   --no-kill            do not kill a node meanwhile
#   BASE_URL             the gateway (http://127.0.0.1:8080)
#   MUSTER_CWD           the folder where `npm start` or `muster up` was called (this repository)
#   DOWN_MS_MAX          promised time from the kill to DOWN (15000)
#   AVAILABILITY_MIN     promised share of requests that succeed, in percent (99)
#
# Kills a producer when there are two or more (its siblings must take over), else a bare node; else nothing is killed,
# because stopping the only member of a service proves nothing: try `npm start -- --producers 2` or `--scale producer=3`.
# Exit codes: 0 every promise was kept, 1 one was broken, 2 wrong usage, 3 no cluster answers or it cannot be controlled.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

duration_s=60
rate=50
with_kill=true
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) print_help "$0"; exit 0 ;;
    --duration) duration_s=${2:-}; is_count "$duration_s" && [ "$duration_s" -ge 10 ] || usage_error '--duration needs a number of seconds, at least 10'; shift 2 ;;
    --rate) rate=${2:-}; is_count "$rate" && [ "$rate" -ge 1 ] || usage_error '--rate needs a number of at least 1'; shift 2 ;;
    --no-kill) with_kill=false; shift ;;
    *) usage_error "There is no option $1" ;;
  esac
done
down_ms_max=${DOWN_MS_MAX:-15000}
availability_min=${AVAILABILITY_MIN:-99}

require_cluster
title "Load: $rate requests/s for $duration_s s"
work=$(mktemp -d)
load_pid=''
stopped=''
trap '[ -z "$load_pid" ] || kill "$load_pid" 2>/dev/null || true; [ -z "$stopped" ] || start_node "$stopped" || true; rm -rf "$work"' EXIT

victim=''
if $with_kill; then
  victim=$(status | json "(() => {
    const healthy = Object.values(d.membership).filter((m) => m.status === 'HEALTHY');
    const producers = healthy.filter((m) => m.service === 'producer');
    return (producers.length > 1 ? producers.at(-1) : healthy.find((m) => m.service === 'node'))?.nodeId ?? '';
  })()")
  if [ -z "$victim" ]; then note 'nobody is killed: no service has a member to spare (see --help)'; else require_control; fi
fi

"$NODE" "$here/lib/make-load.mjs" "$BASE_URL" --for $((duration_s * 1000)) --rate "$rate" >"$work/load.json" &
load_pid=$!

detection=null
if [ -n "$victim" ]; then
  sleep $((duration_s / 4))
  note "kill -9 $victim"
  stopped=$victim
  kill_node "$victim" || broken "$victim could not be killed"
  detection=$(probe follow "$BASE_URL" "$victim" --until DOWN,GONE --within $((down_ms_max + 5000)) --since "$KILLED_AT_MS") || broken "$victim was not DOWN $(((down_ms_max + 5000) / 1000)) s after it was killed"
  note "start $victim again"
  start_node "$victim" || broken "$victim could not be started again"
  stopped=''
fi
while kill -0 "$load_pid" 2>/dev/null; do
  sleep 5
  kill -0 "$load_pid" 2>/dev/null || break
  note "$(status | json "(() => {
    const worst = Object.values(d.membership).filter((m) => m.status !== 'LEFT').sort((a, b) => a.healthScore - b.healthScore)[0];
    return d.healthyNodes + ' of ' + d.totalNodes + ' HEALTHY; lowest score ' + Math.round(worst.healthScore) + ', of ' + worst.nodeId + ' (' + worst.status + ')';
  })()" || echo 'the gateway did not answer')"
done
wait "$load_pid" || broken 'the load could not be made'
load_pid=''

printf '{"load":%s,"detection":%s,"downMsMax":%s,"availabilityMin":%s}' "$(cat "$work/load.json")" "$detection" "$down_ms_max" "$availability_min" | "$NODE" "$here/lib/load-report.mjs" || exit "$EXIT_BROKEN"
title 'Every promise was kept.'
