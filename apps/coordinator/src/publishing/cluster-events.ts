/** Changes as the world outside reads them: CloudEvents, with the same id however often they are told. Pure. */
import { type Brake, type BrakeEventType, type ClusterEvent, EVENT_NODES_MAX, MEMBER_UPDATED, memberEventType } from '@muster/contracts';
import type { Change } from '@muster/membership';

type BrakeChange = Extract<Change, { kind: 'brake' }>;

/** Null for a member that was forgotten: nothing happened to it. */
export function clusterEvent(cluster: string, change: Change): ClusterEvent | null {
  const head = { specversion: '1.0', id: eventId(cluster, change), source: `/muster/${cluster}` } as const;
  const body = { time: new Date(change.atUnixMs).toISOString(), datacontenttype: 'application/json' } as const;
  switch (change.kind) {
    case 'transition': {
      const { from, member, silenceMs } = change;
      return { ...head, type: memberEventType(member.status), subject: member.nodeId, ...body, data: { from, to: member.status, member, silenceMs } };
    }
    case 'updated': {
      const { member, reason } = change;
      return { ...head, type: MEMBER_UPDATED, subject: member.nodeId, ...body, data: { from: member.status, to: member.status, member, silenceMs: null, update: reason } };
    }
    case 'brake':
      return { ...head, type: brakeEventType(change), subject: subjectOf(change.brake), ...body, data: brakeData(change) };
    case 'removed':
      return null;
  }
}

/** One entry of the log may make several changes: the first has the number of the entry, the others count on behind it. */
function eventId(cluster: string, { term, index, ordinal }: Change): string {
  return `${cluster}/${term}/${index}${ordinal === 0 ? '' : `/${ordinal}`}`;
}

const brakeEventType = ({ step }: BrakeChange): BrakeEventType => `io.muster.brake.${step}.v1`;

const subjectOf = ({ zone }: Brake): string => (zone === null ? 'cluster' : `zone/${zone}`);

function brakeData({ brake, reason, index, term }: BrakeChange): Extract<ClusterEvent, { type: BrakeEventType }>['data'] {
  // All names of a large cluster would not fit into one record, and the outbox would stand still behind it.
  return { brake: { ...brake, nodeIds: brake.nodeIds.slice(0, EVENT_NODES_MAX) }, nodeCount: brake.nodeIds.length, reason, index, term };
}
