/**
 * Takes beats from any lane: reads them, finds the newest of each node, hands those to detection.
 *
 * Beats that cannot be read are told apart from those that are merely old; the first are the sender's fault and are reported.
 */
import { type Beat, type BeatResult, decodeBeat, decodeBeatJson, type Decoded } from '@muster/contracts';
import { newestBeats, type Sightings } from '@muster/evidence';
import type { Detection } from '../detection/detection.js';
import type { CoordinatorMetrics } from '../metrics.js';

export interface BeatIntakeOptions {
  readonly detection: Pick<Detection, 'heard'>;
  readonly sightings: Pick<Sightings, 'incarnation' | 'size'>;
  readonly metrics: Pick<CoordinatorMetrics, 'beatsReceived' | 'beatRefused'>;
  readonly membersMax: number;
  /** Ourselves: our beats come twice, which is no fault. */
  readonly nodeId: string;
}

type Unreadable = Exclude<Decoded<unknown>, { kind: 'ok' }>;

export class BeatIntake {
  constructor(private readonly options: BeatIntakeOptions) {}

  /** Takes the values of one batch from the bus. Returns what could not be taken, by position, with the reason. */
  fromBus(values: readonly (Uint8Array | null)[]): Map<number, string> {
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
    for (const { beat, count } of newestBeats(beats).values()) this.take(beat, count, 'bus');
    return refused;
  }

  /** Takes the body of a request: one result per beat, in order. */
  fromHttp(values: readonly unknown[]): BeatResult[] {
    const decoded = values.map((value) => decodeBeatJson(value));
    const beats = decoded.flatMap((beat) => (beat.kind === 'ok' ? [beat.value] : []));
    const outcomes = new Map<string, ReturnType<BeatIntake['take']>>();
    for (const [nodeId, { beat, count }] of newestBeats(beats)) outcomes.set(nodeId, this.take(beat, count, 'http'));
    this.options.metrics.beatsReceived('http', beats.length);
    return decoded.map((beat): BeatResult => {
      if (beat.kind !== 'ok') return { nodeId: null, outcome: 'rejected', knownIncarnation: null, reason: this.refuse('http', beat) };
      const { nodeId, incarnation } = beat.value;
      const knownIncarnation = this.options.sightings.incarnation(nodeId);
      const outcome = outcomes.get(nodeId) ?? 'stale';
      if (outcome === 'full') return { nodeId, outcome: 'rejected', knownIncarnation, reason: `this coordinator keeps ${this.options.membersMax} members: raise coordinator.membersMax` };
      return { nodeId, outcome: knownIncarnation === incarnation ? outcome : 'stale', knownIncarnation };
    });
  }

  /** Takes a beat of our own, without a way round. */
  fromSelf(bytes: Uint8Array): void {
    const decoded = decodeBeat(bytes);
    if (decoded.kind === 'ok') this.options.detection.heard(decoded.value, 1, 'local');
  }

  private take(beat: Beat, count: number, lane: 'bus' | 'http'): 'accepted' | 'stale' | 'full' {
    const { sightings, detection, metrics, membersMax, nodeId } = this.options;
    if (sightings.size >= membersMax && sightings.incarnation(beat.nodeId) === null) {
      metrics.beatRefused(lane, 'members-max');
      return 'full';
    }
    const outcome = detection.heard(beat, count, lane);
    if (outcome === 'stale' && beat.nodeId !== nodeId) metrics.beatRefused(lane, 'stale');
    return outcome;
  }

  private refuse(lane: 'bus' | 'http', unreadable: Unreadable): string {
    this.options.metrics.beatRefused(lane, unreadable.kind);
    return unreadable.reason;
  }
}
