/** The commands that read a cluster, local or not: status, members, watch. */
import type { ClusterStatus, MemberStatusView } from '@muster/contracts';
import { readStatus } from '../cluster-client/cluster-client.js';
import { MembershipView } from '../cluster-client/membership-view.js';
import { watchCluster } from '../cluster-client/watch-stream.js';
import type { CliContext } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { layOutTable, spellClock, spellDuration } from '../terminal/layout.js';
import { type MembershipChange, paintStatus, Timeline } from '../terminal/timeline.js';
import { type ClusterOptions, urlsFor } from './cluster-urls.js';

const SICK = ['DEGRADED', 'SUSPECT', 'DOWN'];
/** A name as wide as most; longer ones push their line to the right. */
const NODE_WIDTH = 14;

export async function runStatus(context: CliContext, options: ClusterOptions): Promise<ExitCode> {
  const { url, status } = await readStatus(urlsFor(context, options));
  const { terminal } = context;
  const { bold, dim, green, red, yellow } = terminal.colours;
  const members = Object.values(status.membership);
  const isWell = isHealthy(status);
  if (options.json) {
    terminal.print(JSON.stringify(status, null, 2));
    return isWell ? EXIT.ok : EXIT.unhealthy;
  }
  const verdict = !status.hasQuorum ? red('no quorum') : isWell ? green('healthy') : yellow('needs attention');
  terminal.print(`${bold(`Cluster ${status.cluster ?? ''}`.trim())}  ${verdict}`);
  const facts: readonly (readonly [string, string])[] = [
    // Of those that should be here: `totalNodes` leaves out who is DOWN, and "3 of 3" beside two dead members would reassure.
    ['members', `${status.healthyNodes} of ${members.filter((member) => member.status !== 'LEFT').length} HEALTHY`],
    ['quorum', status.hasQuorum ? 'yes' : red('no: what is shown is the last that was agreed on')],
    ['leader', status.leaderId ?? red('none')],
    ['log', `index ${status.index ?? '–'}, term ${status.term ?? '–'}`],
    ['asked', `${url}, ${status.ageMs === undefined ? '' : `${spellDuration(status.ageMs)} old`}`],
  ];
  for (const [name, value] of facts) terminal.print(`  ${dim(name.padEnd(9))}${value}`);
  for (const { zone, reason, sinceUnixMs, nodeIds } of status.brakes ?? []) {
    terminal.print(`  ${dim('brake'.padEnd(9))}${yellow(zone === null ? 'the whole cluster' : `zone ${zone}`)} since ${spellClock(sinceUnixMs)}, protects ${nodeIds.length}  ${dim(reason)}`);
  }
  for (const member of members.filter((each) => each.status !== 'HEALTHY' || marksOf(each).length > 0)) {
    const marks = marksOf(member).map((mark) => ` ${yellow(mark)}`).join('');
    terminal.print(`  ${member.nodeId}  ${paintStatus(terminal.colours, member.status)}${marks}  ${dim(member.reason)}`);
  }
  return isWell ? EXIT.ok : EXIT.unhealthy;
}

export async function runMembers(context: CliContext, options: ClusterOptions): Promise<ExitCode> {
  const { status } = await readStatus(urlsFor(context, options));
  const members = Object.values(status.membership).toSorted((a, b) => a.service.localeCompare(b.service) || a.nodeId.localeCompare(b.nodeId, 'en', { numeric: true }));
  if (options.json) context.terminal.print(JSON.stringify(members, null, 2));
  else printMembers(context, members);
  return EXIT.ok;
}

/** One line per change until Ctrl-C; with --json one object per line. */
export async function runWatch(context: CliContext, options: ClusterOptions): Promise<ExitCode> {
  const { terminal } = context;
  const timeline = new Timeline(terminal, NODE_WIDTH);
  const view = new MembershipView();
  let isFirst = true;
  await watchCluster(
    // Coordinators stream themselves; a gateway that does not is skipped by the watcher.
    urlsFor(context, options).toReversed(),
    {
      onMessage(message) {
        if (message.kind === 'snapshot' && isFirst) {
          isFirst = false;
          if (!options.json) {
            printMembers(context, Object.values(message.status.membership));
            terminal.print();
          }
        }
        for (const change of view.apply(message, context.nowUnixMs())) {
          if (options.json) terminal.print(JSON.stringify(forPrograms(change)));
          else timeline.change(change);
        }
      },
      onConnected() {},
      onLost: (url, why) => terminal.complain(`muster: lost sight of the cluster: ${url} ${why}; trying again …`),
    },
    context.stopRequested,
  );
  return EXIT.ok;
}

function isHealthy(status: ClusterStatus): boolean {
  // A coordinator that is the last to leave would call an empty cluster well.
  return status.hasQuorum && status.healthyNodes > 0 && !Object.values(status.membership).some((member) => SICK.includes(member.status));
}

/** An older coordinator sends none. */
const marksOf = (member: MemberStatusView): readonly string[] => member.marks ?? [];

function forPrograms(change: MembershipChange): object {
  const { kind, atUnixMs, ...facts } = change;
  return { time: new Date(atUnixMs).toISOString(), ...(kind === 'status' ? {} : { kind }), ...facts };
}

function printMembers(context: CliContext, members: readonly MemberStatusView[]): void {
  const { terminal } = context;
  const { dim, yellow } = terminal.colours;
  const hasMarks = members.some((member) => marksOf(member).length > 0);
  const columns = [
    { title: 'NODE' },
    { title: 'SERVICE' },
    { title: 'ZONE' },
    { title: 'STATUS' },
    ...(hasMarks ? [{ title: 'MARKS' }] : []),
    { title: 'SCORE', align: 'right' as const },
    { title: 'PHI', align: 'right' as const },
    { title: 'LAST BEAT', align: 'right' as const },
  ];
  const rows = members.map((member) => [
    member.nodeId,
    member.service,
    member.zone,
    paintStatus(terminal.colours, member.status),
    ...(hasMarks ? [yellow(marksOf(member).join(' '))] : []),
    String(Math.round(member.healthScore)),
    member.phiScore.toFixed(1),
    spellDuration(context.nowUnixMs() - Date.parse(member.lastHeartbeatTime)),
  ]);
  const [titles = '', ...lines] = layOutTable(columns, rows);
  terminal.print(dim(titles));
  for (const line of lines) terminal.print(line);
  if (members.length === 0) terminal.print(dim('no members'));
}
