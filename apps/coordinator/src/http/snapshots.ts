/** The agreed state as a document to be kept elsewhere, and back from there: replaced at all coordinators by one entry of the log. */
import type { Readable } from 'node:stream';
import { describeIssues, raftRestoreSchema, type RaftRestoreAnswer, SAVED_STATE_FORMAT, type SavedState } from '@muster/contracts';
import type { MembershipSnapshot, Outcome } from '@muster/membership';
import { AppError } from '@muster/observability';
import type { Clock } from '../clock.js';
import type { Asked } from './asked.js';
import { type AtLeader, NotNow } from './at-leader.js';
import type { Operators } from './operators.js';
import type { RaftControl } from './raft-control.js';
import type { Stamp } from './reads.js';
import { faultOf } from './restorable-state.js';
import { savedDocument, stateDigest } from './saved-document.js';

/** Where the state is. */
export interface SavedSource {
  readonly name: string;
  saved(): MembershipSnapshot;
  restoreAll(snapshot: MembershipSnapshot, atUnixMs: number): Promise<{ readonly kind: 'applied'; readonly index: number; readonly term: number; readonly outcome: Pick<Outcome, 'kind'> } | { readonly kind: 'unavailable'; readonly code: string; readonly reason: string } | { readonly kind: 'withdrawn' }>;
}

export class Snapshots {
  constructor(
    private readonly raft: RaftControl,
    private readonly source: SavedSource,
    private readonly atLeader: AtLeader,
    private readonly operators: Operators,
    private readonly clock: Pick<Clock, 'nowUnixMs'>,
  ) {}

  /** The JSON of a `SavedState`: the state as of the call. */
  save({ index, term, servedBy }: Stamp): Promise<Readable> {
    const { clusterId } = this.raft.status();
    return savedDocument({ format: SAVED_STATE_FORMAT, v: 1, cluster: this.source.name, clusterId, index, term, savedAtUnixMs: Math.round(this.clock.nowUnixMs()), savedBy: servedBy }, this.source.saved());
  }

  async restore(asked: Asked): Promise<RaftRestoreAnswer> {
    this.operators.check(asked);
    let checked: Promise<MembershipSnapshot> | null = null;
    return this.atLeader.perform(asked, async () => {
      checked ??= this.restorable(typeof asked.body === 'string' ? jsonIn(asked.body) : asked.body);
      const snapshot = await checked;
      const proposed = await this.source.restoreAll(snapshot, this.clock.nowUnixMs());
      if (proposed.kind === 'applied' && proposed.outcome.kind === 'rejected') throw new NotNow('the term in which it was proposed was over before its turn came');
      if (proposed.kind === 'applied') return { index: proposed.index, term: proposed.term, members: snapshot.members.length };
      if (proposed.kind === 'unavailable' && proposed.code === 'refused') throw new AppError('RAFT_REFUSED', `the group refuses that state: ${proposed.reason}. Raise coordinator.stateBytesMax at all coordinators, and restart them`, { statusCode: 409 });
      if (proposed.kind === 'unavailable' && proposed.code !== 'unknown') throw new NotNow(proposed.reason);
      throw new AppError('NOT_COMMITTED', `it is not known whether the snapshot was restored: ${proposed.kind === 'unavailable' ? proposed.reason : proposed.kind}. Look at the members, then restore it again`, { statusCode: 503 });
    });
  }

  /** At whoever leads: the others pass it on as it is. */
  private async restorable(body: unknown): Promise<MembershipSnapshot> {
    const parsed = raftRestoreSchema.safeParse(body);
    if (!parsed.success) throw new AppError('SNAPSHOT_INVALID', `${describeIssues(parsed.error)}: the body is {"confirm": name of this cluster, "snapshot": what GET /raft/snapshot gave}`, { statusCode: 400 });
    const { confirm, snapshot } = parsed.data;
    if (confirm !== this.source.name) throw new AppError('RESTORE_UNCONFIRMED', `confirm is '${confirm}', and the cluster whose members would be replaced is '${this.source.name}': nothing was restored. Say its name to mean it`, { statusCode: 400 });
    // As it was sent: what was checked has its fields in another order.
    const { state } = (body as { readonly snapshot: SavedState }).snapshot;
    if ((await stateDigest(state)) !== snapshot.digest) throw new AppError('SNAPSHOT_INVALID', `the snapshot of index ${snapshot.index} is not as it was saved: its digest is not that of its state. Take another copy`, { statusCode: 400 });
    if (state.v !== STATE_VERSION) throw new AppError('SNAPSHOT_INVALID', `the snapshot has a state of version ${state.v}, and this coordinator reads version ${STATE_VERSION}: restore it with the release that saved it`, { statusCode: 400 });
    const fault = faultOf(state);
    if (fault !== null) throw new AppError('SNAPSHOT_INVALID', `the state in the snapshot is none that a coordinator can go on from (${fault.slice(0, 400)}): nothing was restored. Take it as GET /raft/snapshot gave it`, { statusCode: 400 });
    return state as unknown as MembershipSnapshot;
  }
}

const STATE_VERSION = 2 satisfies MembershipSnapshot['v'];

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
