/**
 * The lane to the coordinators themselves, used while the bus is away and for the last words.
 *
 * Tries the coordinators in turn, beginning with the one that answered last; each once per call, so a call is bounded.
 */
import { type Beat, beatsResponseSchema, type BeatResult, describeIssues, type Format, knownIncarnationSchema } from '@muster/contracts';
import { HttpJson } from './http-json.js';

interface LaneRequest {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
}

export class HttpLane {
  private readonly http = new HttpJson();
  private readonly coordinators: readonly URL[];
  private preferred = 0;

  constructor(
    coordinators: readonly string[],
    /** For each coordinator that is tried. Milliseconds, > 0. */
    private readonly timeLimitMs: number,
  ) {
    this.coordinators = coordinators.map(baseUrl);
  }

  get isPresent(): boolean {
    return this.coordinators.length > 0;
  }

  /** What the first coordinator that answers makes of the beat; rejects when none answers. */
  async sendBeat(beat: Beat): Promise<BeatResult> {
    const answer = await this.firstAnswer(beatsResponseSchema, { path: 'cluster/beats', method: 'POST', body: JSON.stringify([beat]) });
    const result = answer.results[0];
    if (result === undefined) throw new Error('the coordinator answered no result for the beat');
    return result;
  }

  /** The incarnation that the cluster holds for a node; rejects when no coordinator answers. */
  async knownIncarnation(nodeId: string): Promise<number | null> {
    const answer = await this.firstAnswer(knownIncarnationSchema, { path: `cluster/incarnations/${encodeURIComponent(nodeId)}`, method: 'GET' });
    return answer.knownIncarnation;
  }

  close(): void {
    this.http.close();
  }

  /** An answer in another shape is no answer: a wrong address must not keep beats from the right ones. */
  private async firstAnswer<T>(schema: Format<T>['schema'], request: LaneRequest): Promise<T> {
    const faults: string[] = [];
    for (let tried = 0; tried < this.coordinators.length; tried++) {
      const index = (this.preferred + tried) % this.coordinators.length;
      const base = this.coordinators[index] as URL;
      try {
        const { path, ...rest } = request;
        // One after the other on purpose: asking all at once would multiply every beat.
        const answer = schema.safeParse(await this.http.send({ ...rest, url: new URL(path, base), timeLimitMs: this.timeLimitMs }));
        if (!answer.success) throw new Error(`is no coordinator, its answer reads otherwise (${describeIssues(answer.error)})`);
        this.preferred = index;
        return answer.data;
      } catch (error) {
        faults.push(`${base.origin}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    throw new Error(`no coordinator answered (${faults.join('; ') || 'none is configured'})`);
  }
}

function baseUrl(text: string): URL {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text.endsWith('/') ? text : `${text}/`);
  throw new Error(`'${text}' is no address of a coordinator: write it as http://host:port`);
}
