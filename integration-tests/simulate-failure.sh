#!/usr/bin/env bash
# Kills a node with -9 and proves what then must happen: DOWN (perhaps SUSPECT before) and out of the live set within 15 s; when it is
# started again, JOINING, and HEALTHY once the stabilisation period is over.
#
#   integration-tests/simulate-failure.sh [--service NAME] [--node ID] [--runs N] [--json]
#
#   --service NAME   kill members of this service (producer)
#   --node ID        kill this member
#   --runs N         repeat (1); with several candidates each run takes the one that was killed least
#   --json           print the measurements as JSON to stdout, the story to stderr
#   BASE_URL         the gateway (http://127.0.0.1:8080)
#   MUSTER_CWD       the folder where `npm start` or `muster up` was called (this repository)
#   DOWN_MS_MAX      promised time from the kill to DOWN (15000)
#   MUSTER_STABILISATION_PERIOD_MS   what the cluster was started with (30000)
#
# A node that keeps failing is watched longer each time (30 s, 60 s, …), so HEALTHY is awaited once, after the last run.
# Waits up to 30 s for a quorum before it begins; a rejoin may take 60 s.
# Finds out by itself whether the cluster was started by `npm start` or by docker compose.
# Exit codes: 0 every promise was kept, 1 one was broken, 2 wrong usage, 3 no cluster answers or it cannot be controlled.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

service=producer
wanted=''
runs=1
as_json=false
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) print_help "$0"; exit 0 ;;
    --service) service=${2:-}; [ -n "$service" ] || usage_error '--service needs a name'; shift 2 ;;
    --node) wanted=${2:-}; [ -n "$wanted" ] || usage_error '--node needs the id of a member'; shift 2 ;;
    --runs) runs=${2:-}; is_count "$runs" && [ "$runs" -ge 1 ] || usage_error '--runs needs a number of at least 1'; shift 2 ;;
    --json) as_json=true; shift ;;
    *) usage_error "There is no option $1" ;;
  esac
done
down_ms_max=${DOWN_MS_MAX:-15000}
stabilisation_ms=${MUSTER_STABILISATION_PERIOD_MS:-30000}
readonly QUORUM_S_MAX=30 JOIN_MS_MAX=60000
# Looking ten times a second, a change is seen this much late at most, plus the answer's way.
readonly LOOK_MS=400

$as_json && exec 3>&1 1>&2 || exec 3>/dev/null
now_ms() { date +%s%3N; }
seconds() { printf '%d.%02d s' $(($1 / 1000)) $(($1 % 1000 / 10)); }

declare -A kills rejoined_at
results=()
stopped=''
# Whatever happens, the node that was killed is started again.
trap '[ -z "$stopped" ] || start_node "$stopped" || true' EXIT

choose_victim() {
  local candidates candidate best=''
  candidates=$(status | json "Object.values(d.membership).filter((m) => ('$wanted' ? m.nodeId === '$wanted' : m.service === '$service') && m.status === 'HEALTHY').map((m) => m.nodeId).sort().join(' ')")
  for candidate in $candidates; do
    if [ -z "$best" ] || [ "${kills[$candidate]:-0}" -lt "${kills[$best]:-0}" ]; then best=$candidate; fi
  done
  echo "$best"
}

# The next candidate; waits for one, because those killed before are being watched.
await_victim() {
  local victim deadline=$((SECONDS + 60 + stabilisation_ms * 20 / 1000))
  while [ "$SECONDS" -le "$deadline" ]; do
    victim=$(choose_victim)
    if [ -n "$victim" ]; then echo "$victim"; return; fi
    sleep 1
  done
}

require_cluster
require_control
status | json "'    ' + d.healthyNodes + ' of ' + d.totalNodes + ' members HEALTHY, quorum ' + (d.hasQuorum ? 'yes' : 'no')"
# A leader that stood still a moment ago may just be followed by another.
quorum_by=$((SECONDS + QUORUM_S_MAX))
until [ "$(status | json 'd.hasQuorum')" = true ]; do
  [ "$SECONDS" -lt "$quorum_by" ] || broken 'the cluster has no quorum before anything was killed'
  sleep 1
done
known=$(status | json "Object.values(d.membership).some((m) => '$wanted' ? m.nodeId === '$wanted' : m.service === '$service')")
[ "$known" = true ] || usage_error "There is no member ${wanted:-of the service $service}"

for ((run = 1; run <= runs; run++)); do
  victim=$(await_victim)
  [ -n "$victim" ] || broken "no member ${wanted:-of the service $service} is HEALTHY"
  kills[$victim]=$((${kills[$victim]:-0} + 1))

  title "Run $run of $runs: kill -9 $victim"
  stopped=$victim
  kill_node "$victim" || broken "$victim could not be killed"
  since=$KILLED_AT_MS
  seen=$(probe follow "$BASE_URL" "$victim" --until DOWN,GONE --within $((down_ms_max + 5000)) --since "$since") ||
    broken "$victim is $(printf '%s' "$seen" | json 'd.status') $(seconds $((down_ms_max + 5000))) after it was killed, not DOWN"
  down_ms=$(printf '%s' "$seen" | json 'd.seen.at(-1).atMs')
  suspect_ms=$(printf '%s' "$seen" | json "(d.seen.find((s) => s.status === 'SUSPECT') ?? {}).atMs ?? null")
  [ "$down_ms" -le "$down_ms_max" ] || broken "DOWN after $(seconds "$down_ms"), promised within $(seconds "$down_ms_max")"
  if [ "$suspect_ms" = null ]; then kept "no SUSPECT on the way: a process that is proven gone needs none"; else kept "SUSPECT after $(seconds "$suspect_ms")"; fi
  kept "DOWN after $(seconds "$down_ms") (promised within $(seconds "$down_ms_max"))"

  live=$(status | json "Object.values(d.membership).filter((m) => !['DOWN', 'LEFT'].includes(m.status)).map((m) => m.nodeId).join(' ')")
  evicted_ms=$(($(now_ms) - since))
  case " $live " in *" $victim "*) broken "$victim is still in the live set" ;; esac
  [ "$(status | json "d.healthyNodes === Object.values(d.membership).filter((m) => m.status === 'HEALTHY').length")" = true ] || broken 'healthyNodes does not agree with the membership'
  [ "$evicted_ms" -le $((down_ms_max + LOOK_MS)) ] || broken "evicted after $(seconds "$evicted_ms")"
  kept "out of the live set after $(seconds "$evicted_ms"); $(wc -w <<<"$live") members go on"

  since_start=$(now_ms)
  # Followed from the first moment: a start that is slow to return would hide a short JOINING.
  start_node "$victim" &
  start_pid=$!
  seen=$(probe follow "$BASE_URL" "$victim" --until JOINING,HEALTHY --within $JOIN_MS_MAX --since "$since_start") || seen=''
  wait "$start_pid" || broken "$victim could not be started again"
  stopped=''
  [ -n "$seen" ] || broken "$victim did not rejoin within $(seconds $JOIN_MS_MAX)"
  [ "$(printf '%s' "$seen" | json 'd.status')" = JOINING ] || broken "$victim came back as $(printf '%s' "$seen" | json 'd.status') without having been JOINING"
  join_ms=$(printf '%s' "$seen" | json 'd.seen.at(-1).atMs')
  rejoined_at[$victim]=$(printf '%s' "$seen" | json 'd.seen.at(-1).changedAtUnixMs')
  kept "JOINING $(seconds "$join_ms") after it was started"
  results+=("{\"run\":$run,\"node\":\"$victim\",\"suspectMs\":$suspect_ms,\"downMs\":$down_ms,\"evictedMs\":$evicted_ms,\"rejoinMs\":$join_ms}")
done

title 'Stabilisation'
stabilised=()
for victim in "${!rejoined_at[@]}"; do
  # A first failure costs one period; each one before it, seen by this script or not, doubles that, up to 16 periods.
  limit_ms=$((stabilisation_ms * 17 + 15000))
  note "$victim: HEALTHY is expected after $(seconds "$stabilisation_ms"), later when it failed before"
  seen=$(probe follow "$BASE_URL" "$victim" --until HEALTHY --within "$limit_ms" --since "${rejoined_at[$victim]}") ||
    broken "$victim is $(printf '%s' "$seen" | json 'd.status') and not HEALTHY, $(seconds "$limit_ms") later"
  took_ms=$(printf '%s' "$seen" | json "d.seen.at(-1).changedAtUnixMs - ${rejoined_at[$victim]}")
  [ "$took_ms" -ge $((stabilisation_ms - LOOK_MS)) ] || broken "$victim was HEALTHY again after $(seconds "$took_ms"), before the stabilisation period of $(seconds "$stabilisation_ms") was over"
  kept "$victim HEALTHY $(seconds "$took_ms") after it rejoined"
  stabilised+=("{\"node\":\"$victim\",\"kills\":${kills[$victim]},\"stabilisedMs\":$took_ms}")
done

join_by_comma() { local IFS=,; echo "$*"; }
summary="{\"runs\":[$(join_by_comma "${results[@]}")],\"stabilised\":[$(join_by_comma "${stabilised[@]}")]}"
title 'Summary'
printf '%s' "$summary" | json "(() => {
  const line = (name, values) => {
    const sorted = values.filter((v) => v !== null).sort((a, b) => a - b);
    const s = (ms) => (ms === undefined ? '–' : (ms / 1000).toFixed(2) + ' s').padStart(9);
    return '    ' + name.padEnd(28) + String(sorted.length).padStart(4) + s(sorted[0]) + s(sorted[Math.floor(sorted.length / 2)]) + s(sorted.at(-1));
  };
  return ['    ' + 'from the kill to'.padEnd(28) + '   n' + 'min'.padStart(9) + 'p50'.padStart(9) + 'max'.padStart(9),
    line('SUSPECT', d.runs.map((r) => r.suspectMs)), line('DOWN', d.runs.map((r) => r.downMs)), line('out of the live set', d.runs.map((r) => r.evictedMs)),
    line('start to JOINING', d.runs.map((r) => r.rejoinMs)), line('JOINING to HEALTHY', d.stabilised.map((r) => r.stabilisedMs))].join('\n');
})()"
printf '%s\n' "$summary" >&3
title "Every promise was kept in $runs of $runs runs."
