/** Asks a starting process whether it is up, again and again, until it is or it has ended. */
import { get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Readiness } from './process-spec.js';

const ASK_EVERY_MS = 100;
const ANSWER_MS_MAX = 2_000;

export function isReady(readiness: Readiness): Promise<boolean> {
  switch (readiness.kind) {
    case 'http':
      return answers2xx(readiness.url);
    case 'socket':
      return accepts(readiness.path);
  }
}

/** Resolves true once ready, false when `signal` aborts before. */
export async function untilReady(readiness: Readiness, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (await isReady(readiness)) return !signal.aborted;
    await pause(ASK_EVERY_MS);
  }
  return false;
}

function answers2xx(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { timeout: ANSWER_MS_MAX, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode !== undefined && response.statusCode >= 200 && response.statusCode < 300);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
