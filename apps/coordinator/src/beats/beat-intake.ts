/**
 * Takes beats from any lane: reads them, finds the newest of each node, hands those to detection.
 *
 * Beats that cannot be read are told apart from those that are merely old; the first are the sender's fault and are reported.
 */
import { type Beat, type BeatResult, decodeBeat, decodeBeatJson, type Decoded } from '@muster/contracts';
import { type Lane, type NewestBeat, newestBeats } from '@muster/evidence';
import type { Detection } from '../detection/detection.js';
import type { CoordinatorMetrics } from '../metrics.js';
import type { Canary } from './canary.js';

export interface BeatIntakeOptions {
  readonly detection: Pick<Detection, 'heard' | 'isNews' | 'incarnation' | 'size'>;
  readonly canary: Pick<Canary, 'back'>;
  readonly metrics: Pick<CoordinatorMetrics, 'beatsReceived' | 'beatRefused'>;
  readonly membersMax: number;
  /** Ourselves: our beats come many times, which is no fault. */
  readonly nodeId: string;
}

type Unreadable = Exclude<Decoded<unknown>, { kind: 'ok' }>;
type Outcome = 'accepted' | 'stale' | 'full';

export class BeatIntake {
  constructor(private readonly options: BeatIntakeOptions) {}

  /** Takes the values of one batch from a partition of the bus. Returns what could not be taken, by position, with the reason. */
  fromBus(values: readonly (Uint8Array | null)[], partition: number): Map<number, string> {
    const refused = new Map<number, string>();
    const beats: Beat[] = [];
    values.forEach((value, position) => {
      const decoded: Decoded<Beat> = value === null ? { kind: 'malformed', reason: 'beat: the record has no value' } : decodeBeat(value);
      if (decoded.kind === 'ok') {
        beats.push(decoded.value);
      } else {
        refused.set(position, this.refuse('bus', decoded));
      }
    });
    this.options.metrics.beatsReceived('bus', beats.length);
    const newest = newestBeats(beats);
    const own = newest.get(this.options.nodeId)?.beat.incarnation;
    if (own !== undefined && own === this.options.detection.incarnation(this.options.nodeId)) this.options.canary.back(partition);
    this.take(newest, 'bus', partition);
    return refused;
  }

  /** Takes the body of a request: one result per beat, in order. */
  fromHttp(values: readonly unknown[]): BeatResult[] {
    const decoded = values.map((value) => decodeBeatJson(value));
    const beats = decoded.flatMap((beat) => (beat.kind === 'ok' ? [beat.value] : []));
    this.options.metrics.beatsReceived('http', beats.length);
    const outcomes = this.take(newestBeats(beats), 'http', null);
    return decoded.map((beat): BeatResult => {
      if (beat.kind !== 'ok') return { nodeId: null, outcome: 'rejected', knownIncarnation: null, reason: this.refuse('http', beat) };
      return this.result(beat.value, outcomes.get(beat.value.nodeId) ?? 'stale');
    });
  }

  /** Takes a beat that came over a direct lane. */
  fromLane(beat: Beat): BeatResult {
    this.options.metrics.beatsReceived('direct', 1);
    const outcomes = this.take(new Map([[beat.nodeId, { beat, count: 1 }]]), 'direct', null);
    return this.result(beat, outcomes.get(beat.nodeId) ?? 'stale');
  }

  /** Takes a beat of our own, without a way round. */
  fromSelf(bytes: Uint8Array): void {
    const decoded = decodeBeat(bytes);
    if (decoded.kind === 'ok') this.options.detection.heard([{ beat: decoded.value, count: 1 }], 'local', null);
  }

  private take(newest: ReadonlyMap<string, NewestBeat>, lane: Exclude<Lane, 'local'>, partition: number | null): Map<string, Outcome> {
    const { detection, metrics, nodeId: ownId } = this.options;
    const outcomes = new Map<string, Outcome>();
    const taken: NewestBeat[] = [];
    let strangers = 0;
    for (const [nodeId, one] of newest) {
      const isStranger = detection.incarnation(nodeId) === null;
      if (isStranger && detection.size + strangers >= this.options.membersMax) {
        metrics.beatRefused(lane, 'members-max');
        outcomes.set(nodeId, 'full');
        continue;
      }
      if (isStranger) strangers += 1;
      const isNews = detection.isNews(one.beat);
      if (!isNews && nodeId !== ownId) metrics.beatRefused(lane, 'stale');
      outcomes.set(nodeId, isNews ? 'accepted' : 'stale');
      taken.push(one);
    }
    detection.heard(taken, lane, partition);
    return outcomes;
  }

  private result({ nodeId, incarnation }: Beat, outcome: Outcome): BeatResult {
    const knownIncarnation = this.options.detection.incarnation(nodeId);
    if (outcome === 'full') return { nodeId, outcome: 'rejected', knownIncarnation, reason: `this coordinator keeps ${this.options.membersMax} members: raise coordinator.membersMax` };
    return { nodeId, outcome: knownIncarnation === incarnation ? outcome : 'stale', knownIncarnation };
  }

  private refuse(lane: 'bus' | 'http', unreadable: Unreadable): string {
    this.options.metrics.beatRefused(lane, unreadable.kind);
    return unreadable.reason;
  }
}
