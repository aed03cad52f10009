#!/usr/bin/env bash
# Harms the coordinators of a cluster and proves that the others go on: never two leaders in a term, no acknowledged change lost, no member
# forgotten, nobody blamed who was not harmed. Meanwhile changes are made and read back through every coordinator, all the time.
#
#   integration-tests/test-ha-cluster.sh [--rounds N] [--report FILE]
#
#   --rounds N       how often the leader is killed (1)
#   --report FILE    where the written report goes (integration-tests/reports/ha-cluster.md)
#   BASE_URL         the gateway (http://127.0.0.1:8080)
#   MUSTER_CWD       the folder where `npm start` or `muster up` was called (this repository)
#   LEADER_MS_MAX    promised time from the harm to another leader, and to the next acknowledged change (5000)
#   REJOIN_MS_MAX    promised time from the start of a coordinator until it votes and has caught up (30000)
#   DOWN_MS_MAX      promised time from the kill of a member to DOWN (15000)
#
# In turn: the leader is killed with -9, stopped in order, and frozen for five seconds; a member is killed under a new leader; all but one
# coordinator are killed and come back. Members that are DOWN at the beginning are not watched. Ends at the first broken promise. Needs three coordinators or more, by `npm start` or docker compose.
# Exit codes: 0 every promise was kept, 1 one was broken, 2 wrong usage, 3 no cluster answers or it cannot be controlled.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
. "$here/lib/coordinators.sh"

rounds=1
report=$here/reports/ha-cluster.md
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) print_help "$0"; exit 0 ;;
    --rounds) rounds=${2:-}; is_count "$rounds" && [ "$rounds" -ge 1 ] || usage_error '--rounds needs a number of at least 1'; shift 2 ;;
    --report) report=${2:-}; [ -n "$report" ] || usage_error '--report needs the name of a file'; shift 2 ;;
    *) usage_error "There is no option $1" ;;
  esac
done
leader_ms_max=${LEADER_MS_MAX:-5000}
rejoin_ms_max=${REJOIN_MS_MAX:-30000}
down_ms_max=${DOWN_MS_MAX:-15000}
readonly SETTLE_MS_MAX=60000 FREEZE_S=5

require_cluster
require_control
find_coordinators
[ "$(wc -w <<<"$COORDINATORS")" -ge 3 ] || { echo "There are fewer than three coordinators (${COORDINATORS:-none}); this needs three." >&2; exit "$EXIT_NO_CLUSTER"; }

work=$(mktemp -d)
facts=$work/facts
touch "$facts" "$work/harmed"
watch_pid=''
away=''
frozen=''
outcome=broken
started_at=$(now_ms)
finish() {
  [ -z "$frozen" ] || thaw_node "$frozen" || true
  local each
  for each in $away; do start_node "$each" || true; done
  stop_watching || outcome=broken
  write_report || true
  rm -rf "$work"
}
trap finish EXIT
# Who is DOWN already was harmed by others.
status | json "Object.values(d.membership).filter((m) => m.status === 'DOWN').map((m) => m.nodeId).join('\n')" >"$work/harmed" ||
  { echo 'The gateway gives no status, before anything was harmed.' >&2; exit "$EXIT_NO_CLUSTER"; }

# begin_watching, stop_watching: the changes, reads and looks that go on while the cluster is harmed.
begin_watching() {
  "$NODE" "$here/lib/ha-watch.mjs" "$BASE_URL" --coordinators "$(urls_of "$COORDINATORS")" --facts "$facts" --harmed "$work/harmed" --run "ha-$started_at" &
  watch_pid=$!
}
stop_watching() {
  [ -n "$watch_pid" ] || return 0
  kill "$watch_pid" 2>/dev/null || true
  local pid=$watch_pid
  watch_pid=''
  wait "$pid"
}

# A promise that the watch saw broken ends the script as well.
still_kept() {
  kill -0 "$watch_pid" 2>/dev/null || broken "$(last_broken)"
}
last_broken() { grep '"kind":"broken"' "$facts" | tail -n 1 | json 'd.promise' || echo 'the watch ended'; }

# measured NAME VALUE_MS [LIMIT_MS]: a line for the report, and a promise when there is a limit.
measured() {
  printf '{"name":"%s","ms":%s,"limitMs":%s}\n' "$1" "$2" "${3:-null}" >>"$work/measured"
  if [ -z "${3:-}" ]; then kept "$1: $(seconds "$2")"; return; fi
  [ "$2" -le "$3" ] || broken "$1 took $(seconds "$2"), promised within $(seconds "$3")"
  kept "$1: $(seconds "$2") (promised within $(seconds "$3"))"
}

# question QUESTION WITHIN_MS OPTION...: the answer of lib/ha-probe.mjs, asked of all coordinators that are not away.
question() {
  local name=$1 within=$2
  shift 2
  ha_probe "$name" --coordinators "$(urls_of "$(those_present)")" --within "$within" "$@"
}
those_present() { local each; for each in $COORDINATORS; do case " $away $frozen " in *" $each "*) ;; *) printf '%s ' "$each" ;; esac; done; }

harm() { printf '%s\n' "$1" >>"$work/harmed"; }
remove_away() { local each left=''; for each in $away; do [ "$each" = "$1" ] || left="$left $each"; done; away=$left; }

# after_harm NAME SINCE WHAT: another leader, changes that go through again, members that came over.
after_harm() {
  local answer new
  answer=$(question agreed $((leader_ms_max + 5000)) --not "$1" --since "$2") || broken "no other leader $(seconds $((leader_ms_max + 5000))) after $1 was harmed"
  new=$(printf '%s' "$answer" | json 'd.leaderId')
  note "$new leads in term $(printf '%s' "$answer" | json 'd.term')"
  measured "$3: another leader, known to all" "$(printf '%s' "$answer" | json 'd.afterMs')" "$leader_ms_max"
  answer=$(question written $((leader_ms_max + 5000)) --facts "$facts" --since "$2") || broken "no change was acknowledged $(seconds $((leader_ms_max + 5000))) after $1 was harmed"
  measured "$3: longest time without an acknowledged change" "$(longest_gap "$2")" "$leader_ms_max"
  answer=$(question agents "$down_ms_max" --node "$new" --not "$1" --since "$(now_ms)") || broken "not all members came over to $new"
  measured "$3: all members heard at the new leader" "$(printf '%s' "$answer" | json 'd.afterMs')" "$down_ms_max"
  leader=$new
  still_kept
}

bring_back() {
  local since answer
  since=$(now_ms)
  start_node "$1" || broken "$1 could not be started again"
  remove_away "$1"
  answer=$(question caught-up "$rejoin_ms_max" --node "$1" --since "$since") || broken "$1 did not come back to the group within $(seconds "$rejoin_ms_max")"
  measured "$1 votes again and has caught up" "$(printf '%s' "$answer" | json 'd.afterMs')" "$rejoin_ms_max"
}

# settle: all coordinators agree again, and every change acknowledged so far is in the history of each.
settle() {
  local answer
  answer=$(question agreed "$SETTLE_MS_MAX" --since "$(now_ms)") || broken 'the coordinators do not agree on a leader'
  leader=$(printf '%s' "$answer" | json 'd.leaderId')
  answer=$(question kept "$rejoin_ms_max" --facts "$facts") || broken 'an acknowledged change was lost'
  kept "$(printf '%s' "$answer" | json 'd.changes') acknowledged changes are in the history of every coordinator"
  still_kept
}

title 'The group'
leader=''
answer=$(question agreed "$SETTLE_MS_MAX" --since "$started_at") || broken 'the coordinators do not agree on a leader before anything was harmed'
leader=$(printf '%s' "$answer" | json 'd.leaderId')
voters=$(printf '%s' "$answer" | json "d.voters.join(' ')")
[ "$(wc -w <<<"$voters")" -eq "$(wc -w <<<"$COORDINATORS")" ] || broken "of the coordinators $COORDINATORS only $voters vote"
kept "$(wc -w <<<"$voters") voters, $leader leads in term $(printf '%s' "$answer" | json 'd.term')"
begin_watching
since=$(now_ms)
question written "$leader_ms_max" --facts "$facts" --since "$since" >/dev/null || broken 'no change is acknowledged before anything was harmed'
question agents "$SETTLE_MS_MAX" --node "$leader" --since "$since" >/dev/null || broken "not all members are heard by $leader before anything was harmed"
kept "changes are acknowledged, and every member beats to $leader and has a direct lane to it"

for ((round = 1; round <= rounds; round++)); do
  title "Round $round of $rounds: kill -9 of the leader, $leader"
  victim=$leader
  harm "$victim"
  away=$victim
  kill_node "$victim" || broken "$victim could not be killed"
  after_harm "$victim" "$KILLED_AT_MS" 'leader killed'
  bring_back "$victim"
  settle
done

title "The leader, $leader, is stopped in order"
victim=$leader
harm "$victim"
away=$victim
since=$(now_ms)
stop_node "$victim" &
stop_pid=$!
after_harm "$victim" "$since" 'leader stopped'
wait "$stop_pid" || broken "$victim could not be stopped"
bring_back "$victim"
settle

title "The leader, $leader, stands still for $FREEZE_S s"
victim=$leader
harm "$victim"
frozen=$victim
freeze_node "$victim" || broken "$victim could not be frozen"
after_harm "$victim" "$FROZEN_AT_MS" 'leader frozen'
while [ $(($(now_ms) - FROZEN_AT_MS)) -lt $((FREEZE_S * 1000)) ]; do sleep 0.2; done
frozen=''
since=$(now_ms)
thaw_node "$victim" || broken "$victim could not be woken"
answer=$(question caught-up "$rejoin_ms_max" --node "$victim" --since "$since") || broken "$victim did not come back to the group"
measured "$victim follows and has caught up" "$(printf '%s' "$answer" | json 'd.afterMs')" "$rejoin_ms_max"
settle

member=$(status | json "(Object.values(d.membership).filter((m) => m.service === 'producer' && m.status === 'HEALTHY').at(-1) ?? {}).nodeId ?? ''")
if [ -z "$member" ]; then note 'no producer is HEALTHY: no member is killed under the new leader'; else
  title "kill -9 of a member, $member, under the leader $leader"
  harm "$member"
  away=$member
  kill_node "$member" || broken "$member could not be killed"
  answer=$(probe follow "$BASE_URL" "$member" --until DOWN,GONE --within $((down_ms_max + 5000)) --since "$KILLED_AT_MS") || broken "$member was not DOWN $(seconds $((down_ms_max + 5000))) after it was killed"
  measured 'member killed: DOWN' "$(printf '%s' "$answer" | json 'd.seen.at(-1).atMs')" "$down_ms_max"
  start_node "$member" || broken "$member could not be started again"
  remove_away "$member"
  still_kept
fi

survivor=''
for each in $COORDINATORS; do [ "$each" = "$leader" ] || survivor=$each; done
title "All coordinators but $survivor are killed"
for each in $COORDINATORS; do
  [ "$each" != "$survivor" ] || continue
  harm "$each"
  away="$away $each"
  kill_node "$each" || broken "$each could not be killed"
done
since=$(now_ms)
answer=$(question read-only "$SETTLE_MS_MAX" --node "$survivor" --since "$since") || broken "$survivor, a minority, is not read-only"
measured "$survivor knows that it is a minority" "$(printf '%s' "$answer" | json 'd.afterMs')" "$leader_ms_max"
kept "it refuses changes ($(printf '%s' "$answer" | json 'd.code')), and shows $(printf '%s' "$answer" | json 'd.members') members to who asks for no more than it knows"
status >/dev/null || broken 'the gateway does not answer without a quorum'
sleep 2
alone_until=$(now_ms)
[ "$(acknowledged_between "$since" "$alone_until")" = 0 ] || broken "$survivor acknowledged a change without a quorum"
kept 'no change was acknowledged meanwhile'
for each in $away; do
  start_node "$each" || broken "$each could not be started again"
  remove_away "$each"
done
answer=$(question written "$rejoin_ms_max" --facts "$facts" --since "$alone_until") || broken 'no change is acknowledged though all coordinators run again'
measured 'majority back: next acknowledged change' "$(printf '%s' "$answer" | json 'd.afterMs')" "$rejoin_ms_max"
for each in $COORDINATORS; do
  question caught-up "$rejoin_ms_max" --node "$each" --since "$(now_ms)" >/dev/null || broken "$each did not come back to the group"
done
kept 'every coordinator votes and has caught up'
settle
question agents "$down_ms_max" --node "$leader" --since "$(now_ms)" >/dev/null || broken "not all members came over to $leader"
kept "every member beats to $leader and has a direct lane to it"

title 'What was told'
stop_watching || broken "$(last_broken)"
kept 'never two leaders in a term, no read that forgot a change, nobody blamed who was not harmed'
await_stored || broken 'a change that was acknowledged did not reach the consumers, or twice'
kept "all $(grep -c '"kind":"acknowledged"' "$facts") acknowledged changes were published and stored, each once"

outcome=kept
note "report: $report"
title 'Every promise was kept.'
