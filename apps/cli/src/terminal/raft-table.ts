/** The Raft group in words and columns. Pure. */
import type { RaftStatus } from '@muster/contracts';
import type { RaftView } from '../cluster-client/raft-client.js';
import { layOutTable, spellDuration } from './layout.js';
import type { Colours } from './terminal.js';

/** Entries that a member may be behind without anybody having to look. Count. */
const BEHIND_MAX = 100;

/** What is wrong with the group, most urgent first; empty when nothing is. */
export function troubles({ answers, leader, best, members }: RaftView): string[] {
  const { state, detail } = best;
  const groups = groupsOf(answers);
  if (best.peers.length === 0) return [`no group yet: ${best.nodeId} is ${state}${detail === '' ? '' : ` (${detail})`}`];
  const voters = members.filter(({ peer }) => peer.voter);
  const silent = members.filter(({ status }) => status === null).map(({ peer }) => peer.nodeId);
  const needed = Math.floor(voters.length / 2) + 1;
  const answering = voters.filter(({ status }) => status !== null).length;
  return [
    ...(groups.length > 1 ? [`there are ${groups.length} groups: ${groups.join(', and ')}: each decides for itself. Compare cluster.coordinators and raft.expect of all of them; those that founded one by mistake begin anew with an empty data folder`] : []),
    ...(leader === null ? [`nobody leads: ${answering} of ${voters.length} voters answer, ${needed} are needed`] : []),
    ...(leader !== null && !leader.hasQuorum ? [`'${leader.nodeId}' takes itself for the leader and is out of touch with a majority`] : []),
    ...silent.map((nodeId) => `${nodeId} does not answer${leader !== null && answering === needed && voters.some(({ peer }) => peer.nodeId === nodeId) ? ': no other may fail now' : ''}`),
    ...members.flatMap(({ peer, status }) => (peer.voter || status === null ? [] : [`${peer.nodeId} has no vote yet: it is catching up`])),
    ...(leader === null ? [] : members.filter(({ peer, status }) => status !== null && status !== leader && behind(leader, peer.matchIndex) > BEHIND_MAX).map(({ peer }) => `${peer.nodeId} is ${behind(leader, peer.matchIndex)} entries behind`)),
  ];
}

/** Who is in which group, in words. */
function groupsOf(answers: RaftView['answers']): string[] {
  const groups = new Map<string, string[]>();
  for (const { status } of answers) if (typeof status.clusterId === 'string') groups.set(status.clusterId, [...(groups.get(status.clusterId) ?? []), status.nodeId]);
  return [...groups].map(([clusterId, nodeIds]) => `${nodeIds.join(', ')} in ${clusterId}`);
}

export function describeRaft(view: RaftView, { bold, dim, green, red, yellow }: Colours): string[] {
  const { leader, best, members } = view;
  const wrong = troubles(view);
  const verdict = wrong.length === 0 ? green('healthy') : leader === null ? red('cannot agree on anything') : yellow('needs attention');
  const fact = (name: string, value: string): string => `  ${dim(name.padEnd(9))}${value}`;
  const voters = members.filter(({ peer }) => peer.voter).length;
  const rows = members.map(({ peer, status }) => [
    peer.nodeId,
    status === null ? red('no answer') : status.state === 'leader' ? bold(status.state) : status.state,
    peer.voter ? 'yes' : 'no',
    String(status?.term ?? '–'),
    String(status?.appliedIndex ?? '–'),
    leader === null || peer.nodeId === leader.nodeId ? '–' : String(behind(leader, peer.matchIndex)),
    peer.silentMs === null ? '–' : spellDuration(peer.silentMs),
    peer.rttMs === null ? '–' : `${peer.rttMs.toFixed(1)} ms`,
    peer.httpUrl,
  ]);
  const columns = [{ title: 'COORDINATOR' }, { title: 'STATE' }, { title: 'VOTE' }, ...['TERM', 'APPLIED', 'BEHIND', 'SILENT', 'RTT'].map((title) => ({ title, align: 'right' as const })), { title: 'ADDRESS' }];
  const [titles = '', ...lines] = layOutTable(columns, rows);
  return [
    `${bold(`Raft group of ${best.cluster}`)}  ${verdict}`,
    fact('leader', leader === null ? red('none') : `${leader.nodeId}, term ${leader.term}`),
    fact('log', `committed up to ${best.commitIndex}, last entry ${best.lastIndex}, snapshot at ${best.snapshotIndex}`),
    fact('voters', voters === 0 ? '–' : voters < 3 ? `${voters}: none may fail` : `${voters}: ${Math.floor(voters / 2) + 1} have to agree, ${Math.ceil(voters / 2) - 1} may fail`),
    ...(best.clusterId === null ? [] : [fact('id', best.clusterId)]),
    ...wrong.map((line) => fact('!', yellow(line))),
    ...(rows.length === 0 ? [] : ['', dim(titles), ...lines]),
  ];
}

export function describePeers({ best, members }: RaftView, { dim }: Colours): string[] {
  const columns = [{ title: 'COORDINATOR' }, { title: 'VOTE' }, { title: 'HTTP' }, { title: 'RAFT' }, { title: 'STORE' }];
  const [titles = '', ...lines] = layOutTable(columns, members.map(({ peer }) => [peer.nodeId, peer.voter ? 'yes' : 'no', peer.httpUrl, peer.raftUrl, peer.storeId]));
  return members.length === 0 ? [dim(`no members yet: ${best.nodeId} is ${best.state}`)] : [dim(titles), ...lines];
}

const behind = ({ lastIndex }: RaftStatus, matchIndex: number | null): number => (matchIndex === null ? 0 : Math.max(0, lastIndex - matchIndex));
