/** What the main thread knows of the service for a beat: its address, how late its loop runs, its operations and its checks. */
import { type Logger, urlSchema } from '@muster/contracts';
import type { MainFacts } from './engine/messages.js';
import { Checks } from './vitals/checks.js';
import { LoopDelay } from './vitals/loop-delay.js';
import { Operations } from './vitals/operations.js';

export class MainFactsSource {
  readonly checks = new Checks();
  readonly operations = new Operations();
  private readonly delay = new LoopDelay();
  private isUrlReported = false;

  constructor(
    private readonly httpUrl: string | (() => string | undefined) | undefined,
    private readonly logger: Logger,
  ) {}

  /** Since the last call; begins a new window and a new run of the checks. `lateMs`: how late the main loop comes to it. */
  take(lateMs: number): MainFacts {
    this.checks.runAll();
    return { httpUrl: this.url(), vitals: { eventLoopDelayMs: this.delay.take(lateMs), errorRate: this.operations.takeErrorRate(), checks: this.checks.results() } };
  }

  close(): void {
    this.delay.close();
  }

  /** Null while it is not known: a server that does not listen has no port to tell. */
  url(): string | null {
    const { httpUrl } = this;
    if (typeof httpUrl !== 'function') return httpUrl ?? null;
    let url: string | undefined;
    try {
      url = httpUrl();
    } catch {
      return null;
    }
    if (url === undefined || urlSchema.safeParse(url).success) return url ?? null;
    // No coordinator reads a beat with it: better a member that gets no requests than one that is taken for dead.
    if (!this.isUrlReported) this.logger.error({ httpUrl: url }, 'httpUrl is not the URL of a server: this node gets no requests until it reads http://host:port');
    this.isUrlReported = true;
    return null;
  }
}
