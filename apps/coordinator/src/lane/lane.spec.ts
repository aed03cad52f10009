import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { type CutReason, Lane } from './lane.js';

/** A socket on which time passes when the test says so. */
class StillSocket extends EventEmitter {
  destroyed = false;
  writableLength = 0;
  idleMs = 0;
  private onIdle: () => void = () => undefined;
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setTimeout(idleMs: number, onIdle: () => void): this {
    this.idleMs = idleMs;
    this.onIdle = onIdle;
    return this;
  }
  fallIdle(): void {
    this.onIdle();
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

test('a lane that brings nothing for three minutes is let go, with the reason, once', () => {
  const socket = new StillSocket();
  const ended: (CutReason | null)[] = [];
  new Lane(socket as unknown as Socket, { message: () => undefined, unreadable: () => undefined, closed: (_, cut) => void ended.push(cut) });
  expect([socket.idleMs, ended]).toEqual([180_000, []]);
  socket.fallIdle();
  expect([socket.destroyed, ended]).toEqual([true, ['idle']]);
});
