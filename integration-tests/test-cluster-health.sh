#!/usr/bin/env bash
# Is the cluster healthy? Every service there, every member HEALTHY, quorum, health checks and metrics answering, and the
# membership held for a while. Reads only; harms nothing.
#
#   integration-tests/test-cluster-health.sh [--wait SECONDS] [--hold SECONDS]
#
#   --wait SECONDS   how long members may take to become HEALTHY (60); one that failed before may take as long as the cluster says
#   --hold SECONDS   how long the membership must then hold (10)
#   BASE_URL         the gateway (http://127.0.0.1:8080)
#   MUSTER_CWD       the folder where `npm start` or `muster up` was called (this repository)
#
# Finds out by itself whether the cluster was started by `npm start` or by docker compose.
# Exit codes: 0 healthy, 1 a promise was broken, 2 wrong usage, 3 no cluster answers.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

wait_s=60
hold_s=10
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) print_help "$0"; exit 0 ;;
    --wait) wait_s=${2:-}; is_count "$wait_s" || usage_error '--wait needs a number of seconds'; shift 2 ;;
    --hold) hold_s=${2:-}; is_count "$hold_s" || usage_error '--hold needs a number of seconds'; shift 2 ;;
    *) usage_error "There is no option $1" ;;
  esac
done

require_cluster

title 'Status'
status | "$NODE" "$here/lib/check-status.mjs" || broken '/cluster/status is not what was promised (A5)'
kept '/cluster/status has the promised keys and types'

title "Members (waiting at most $wait_s s for all to be HEALTHY, longer for those that failed before)"
sick=''
waited=$(probe healthy "$BASE_URL" --within $((wait_s * 1000))) || sick=$(printf '%s' "$waited" | json "d.sick.join('; ') + ', after ' + Math.round(d.waitedMs / 1000) + ' s'")
status | json "Object.values(d.membership).map((m) => '    ' + m.nodeId.padEnd(28) + m.service.padEnd(13) + m.status.padEnd(9) + String(Math.round(m.healthScore)).padStart(4) + '   phi ' + m.phiScore.toFixed(1)).sort().join('\n')"
[ -z "$sick" ] || broken "not HEALTHY: $sick"
kept 'every member is HEALTHY'
for service in coordinator producer consumer gateway; do
  count=$(status | json "Object.values(d.membership).filter((m) => m.service === '$service' && m.status === 'HEALTHY').length")
  [ "$count" -ge 1 ] || broken "no HEALTHY $service"
  kept "$count $service"
done

title 'Quorum'
[ "$(status | json 'd.hasQuorum')" = true ] || broken 'the cluster has no quorum'
kept "quorum, leader $(status | json 'd.leaderId')"

title 'Health checks and metrics of every member'
urls=$(status | json "JSON.stringify(Object.values(d.membership).filter((m) => m.status === 'HEALTHY' && m.httpUrl !== null).map((m) => ({ nodeId: m.nodeId, service: m.service, httpUrl: m.httpUrl })))")
printf '%s' "$urls" | node_inside --input-type=module -e "$(cat "$here/lib/check-members.mjs")" || broken 'a member does not answer as promised'
kept 'all live, all ready, all as the node the cluster takes them for, all with their metrics; coordinators are one group under one leader'

title "Membership held for $hold_s s"
held=$(probe steady "$BASE_URL" --for $((hold_s * 1000))) || broken "$(printf '%s' "$held" | json "d.problems.join('; ')")"
kept "$(printf '%s' "$held" | json "d.members + ' members, HEALTHY in each of ' + d.looks + ' looks'")"

title 'Healthy.'
