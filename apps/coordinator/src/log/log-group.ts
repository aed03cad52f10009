/** The part of a Raft group that the log needs. */
import type { RaftGroup } from '@muster/raft-node';

export type LogGroup = Pick<RaftGroup, 'status' | 'propose' | 'read' | 'transfer' | 'stop'>;
