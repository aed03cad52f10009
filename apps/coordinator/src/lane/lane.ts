/**
 * One direct lane: the connection, who is at its other end, and what was asked over it.
 *
 * Reads and writes messages, and keeps to the limits; what messages mean is decided by whoever made it.
 */
import type { Socket } from 'node:net';
import { LineSplitter } from '@muster/agent';
import { type AgentMessage, type CoordinatorMessage, decodeAgentMessage, LANE_LINE_BYTES_MAX, type ProbeTarget } from '@muster/contracts';
import { LaneRate } from './lane-rate.js';

/** Why we end a lane ourselves. */
export type CutReason = 'line-too-long' | 'not-json' | 'no-hello' | 'not-itself' | 'flood' | 'slow-reader' | 'unreadable' | 'idle' | 'replaced' | 'ending';

export interface LaneListener {
  message(lane: Lane, message: AgentMessage): void;
  /** A message that nobody here understands; it was skipped. */
  unreadable(lane: Lane, reason: string): void;
  /** Once, whoever ended it; `cut` is null when it was not us. */
  closed(lane: Lane, cut: CutReason | null): void;
}

/** What a helper found; `lateMs` says how late it was itself. */
export type HelperAnswer = Pick<Extract<AgentMessage, { kind: 'probed' }>, 'result' | 'mainLagMs' | 'lateMs'>;

export interface LaneIdentity {
  readonly nodeId: string;
  readonly incarnation: number;
}

/** An agent says who it is in its first message; until then it has this long. Milliseconds. */
const HELLO_MS_MAX = 3000;
/** What an agent may leave unread before it is cut off: far more than a few answers and all probes that it can owe us. Bytes. */
const UNREAD_BYTES_MAX = 128 * 1024;
/** Probes that a helper may owe us. Count. */
const ASKED_MAX = 64;
/** What a helper's answer may need beyond the probe itself. Milliseconds. */
const ANSWER_SLACK_MS = 250;
/** Messages that we do not understand, from one agent. Count. */
const UNREADABLE_MAX = 100;
/** After this long without a word the kernel looks whether the other host is still there. Milliseconds. */
const KEEP_ALIVE_MS = 15_000;
/** A lane that brings nothing for so long is of no use: a live agent sends a beat at least once a minute. Milliseconds. */
const IDLE_MS_MAX = 180_000;

export class Lane {
  /** Who is there; null before its hello. */
  identity: LaneIdentity | null = null;
  /** What it was told last about draining; null before. */
  toldDraining: boolean | null = null;
  private readonly lines = new LineSplitter(LANE_LINE_BYTES_MAX);
  private readonly rate = new LaneRate();
  private readonly asked = new Map<number, (answer: HelperAnswer | null) => void>();
  private readonly helloTimer: NodeJS.Timeout;
  private askedCount = 0;
  private unreadableCount = 0;
  private cutReason: CutReason | null = null;
  private isOpen = true;

  constructor(
    private readonly socket: Socket,
    private readonly listener: LaneListener,
  ) {
    this.helloTimer = setTimeout(() => {
      if (this.identity === null) this.cut('no-hello');
    }, HELLO_MS_MAX);
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS).setTimeout(IDLE_MS_MAX, () => this.cut('idle'));
    socket.on('data', (bytes: Buffer) => this.read(bytes));
    // Its side is over; nothing that we could still say would be heard.
    socket.on('end', () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.end());
  }

  /** Bytes that came before there was a lane. */
  begin(head: Buffer): void {
    if (head.length > 0) this.read(head);
  }

  send(message: CoordinatorMessage): void {
    if (!this.isOpen || this.socket.destroyed) return;
    this.socket.write(`${JSON.stringify(message)}\n`);
    if (this.socket.writableLength > UNREAD_BYTES_MAX) this.cut('slow-reader');
  }

  /** Asks the agent to look at a member for us. Null: it has no opinion, or cannot be asked. */
  ask(target: ProbeTarget, timeLimitMs: number): Promise<HelperAnswer | null> {
    if (!this.isOpen || this.asked.size >= ASKED_MAX) return Promise.resolve(null);
    const id = this.askedCount++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answered(id, null), timeLimitMs + ANSWER_SLACK_MS);
      this.asked.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.send({ v: 1, kind: 'probe', id, target, timeLimitMs });
    });
  }

  /** What nobody waits for any more is dropped. */
  answered(id: number, answer: HelperAnswer | null): void {
    const resolve = this.asked.get(id);
    this.asked.delete(id);
    resolve?.(answer);
  }

  /** Ends it for a reason of ours. The other side learns it at once. */
  cut(reason: CutReason): void {
    this.cutReason ??= reason;
    this.socket.destroy();
    this.end();
  }

  private read(bytes: Buffer): void {
    const lines = this.lines.push(bytes);
    if (lines === null) return this.cut('line-too-long');
    if (!this.rate.take(lines.length, bytes.length, performance.now())) return this.cut('flood');
    for (const line of lines) {
      if (!this.isOpen) return;
      this.take(line);
    }
  }

  private take(line: string): void {
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch {
      return this.cut('not-json');
    }
    const message = decodeAgentMessage(json);
    if (message.kind === 'ok') {
      // Whoever speaks before it said who it is does not know this protocol.
      if (this.identity === null && message.value.kind !== 'hello') return this.cut('no-hello');
      return this.listener.message(this, message.value);
    }
    this.listener.unreadable(this, message.reason);
    if (++this.unreadableCount >= UNREADABLE_MAX) this.cut('unreadable');
  }

  private end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    clearTimeout(this.helloTimer);
    for (const id of this.asked.keys()) this.answered(id, null);
    this.listener.closed(this, this.cutReason);
  }
}
