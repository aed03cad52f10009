/** What the gateway says of members, as it says it: its live view is what decides about traffic, so the clock stops when that changes. */
import { isLive, type MemberStatusView, type WatchMessage, watchMessageSchema } from '@muster/contracts';

export interface Turn {
  readonly nodeId: string;
  readonly status: MemberStatusView['status'];
  readonly reason: string;
  /** True when it gets new requests. */
  readonly isServing: boolean;
  /** When it arrived here, by `performance.now()`. */
  readonly atMs: number;
}

const isServing = ({ status, marks }: MemberStatusView): boolean => (status === 'HEALTHY' || status === 'DEGRADED' || status === 'JOINING') && marks.length === 0;

export class Verdicts {
  private readonly members = new Map<string, MemberStatusView>();
  private readonly turns: Turn[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly stopping = new AbortController();
  private readonly expected = new Set<string>();
  private brakes = 0;

  /** Follows the gateway's stream until `stop`. When it breaks, whoever waits for a verdict gives up by the time limit. */
  follow(url: string): void {
    void this.read(`${url}/cluster/watch`).catch(() => undefined);
  }

  stop(): void {
    this.stopping.abort();
  }

  /** From now on verdicts about the node are no mistakes. */
  expect(nodeId: string): void {
    this.expected.add(nodeId);
  }

  /** Verdicts about nodes that nothing was done to. */
  wrong(): readonly Turn[] {
    return this.turns.filter((turn) => !this.expected.has(turn.nodeId) && (turn.status === 'SUSPECT' || !isLive(turn.status)));
  }

  /** How often a brake engaged, which a benchmark that harms a few at a time should not see. */
  get brakeCount(): number {
    return this.brakes;
  }

  /** The first time at or after `sinceMs` that the node is given up; rejects when that does not come in time. */
  async down(nodeId: string, sinceMs: number, timeoutMs: number): Promise<Turn> {
    return this.until(`${nodeId} DOWN`, () => this.turnsOf(nodeId, sinceMs).find(({ status }) => status === 'DOWN'), timeoutMs);
  }

  /** The first time at or after `sinceMs` that the node gets no new requests, or gets them again; rejects when that does not come in time. */
  async serving(nodeId: string, isServing: boolean, sinceMs: number, timeoutMs: number): Promise<Turn> {
    return this.until(`${nodeId} ${isServing ? 'with' : 'without'} traffic`, () => this.turnsOf(nodeId, sinceMs).find((turn) => turn.isServing === isServing), timeoutMs);
  }

  /** All turns of the node since then. */
  turnsOf(nodeId: string, sinceMs: number): readonly Turn[] {
    return this.turns.filter((turn) => turn.nodeId === nodeId && turn.atMs >= sinceMs);
  }

  async untilHealthy(nodeIds: readonly string[], timeoutMs: number): Promise<void> {
    const isWell = (nodeId: string): boolean => {
      const member = this.members.get(nodeId);
      return member?.status === 'HEALTHY' && member.marks.length === 0;
    };
    await this.until(`HEALTHY: ${nodeIds.join(', ')}`, () => (nodeIds.every(isWell) ? true : undefined), timeoutMs);
  }

  private async until<T>(what: string, probe: () => T | undefined, timeoutMs: number): Promise<T> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const found = probe();
      if (found !== undefined) return found;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) throw new Error(`not seen within ${timeoutMs} ms: ${what}; now: ${this.describe()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(wake, leftMs);
        const { waiting } = this;
        waiting.add(wake);
        function wake(): void {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        }
      });
    }
  }

  private describe(): string {
    const odd = [...this.members.values()].filter((member) => member.status !== 'HEALTHY' || member.marks.length > 0);
    return odd.length === 0 ? `${this.members.size} members, all HEALTHY` : odd.slice(-8).map(({ nodeId, status, marks, reason }) => `${nodeId} ${status} ${marks.join('+')} (${reason})`).join(', ');
  }

  private async read(url: string): Promise<void> {
    const answer = await fetch(url, { signal: this.stopping.signal });
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) this.takeFrame(part);
    }
  }

  private takeFrame(frame: string): void {
    const data = frame.split('\n').find((line) => line.startsWith('data:'));
    if (data === undefined) return;
    this.take(watchMessageSchema.parse(JSON.parse(data.slice(5))), performance.now());
    for (const wake of this.waiting) wake();
  }

  private take(message: WatchMessage, atMs: number): void {
    switch (message.kind) {
      case 'snapshot':
        for (const member of Object.values(message.status.membership)) this.members.set(member.nodeId, member);
        return;
      case 'member':
        this.members.set(message.member.nodeId, message.member);
        this.turns.push({ nodeId: message.member.nodeId, status: message.member.status, reason: message.member.reason, isServing: isServing(message.member), atMs });
        return;
      case 'brakes':
        this.brakes += message.brakes.length > 0 ? 1 : 0;
        return;
      case 'removed':
        this.members.delete(message.nodeId);
        return;
      case 'pulse':
        return;
    }
  }
}
