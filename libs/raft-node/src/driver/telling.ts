/**
 * Gathers what the loop has to tell the main thread, so that one turn wakes it once and not once for every word.
 *
 * Decides when to speak, not what: results of earlier work before a write, which may take long; all else when the turn is over. Where a proposal
 * was appended is told with what comes next: nobody can use it before its entry is applied.
 */
import type { FromLoop } from './messages.js';

export class Telling {
  private waiting: FromLoop[] = [];
  private isInTurn = false;

  constructor(private readonly post: (messages: readonly FromLoop[]) => void) {}

  /** At once outside of a turn. */
  tell(message: FromLoop): void {
    this.waiting.push(message);
    if (!this.isInTurn) this.speak();
  }

  turnBegins(): void {
    this.isInTurn = true;
  }

  /** The thread will stand still for a while. */
  writeBegins(): void {
    if (this.waiting.some(({ kind }) => kind === 'apply' || kind === 'readable')) this.speak();
  }

  turnEnds(): void {
    this.isInTurn = false;
    if (this.waiting.some(({ kind }) => kind !== 'appended')) this.speak();
  }

  private speak(): void {
    const messages = this.waiting;
    this.waiting = [];
    this.post(messages);
  }
}
