/** Proposes a command that is too large for one entry as several, in their order, so that no write and no message is larger than others are. */
import { randomUUID } from 'node:crypto';
import { RaftUnavailable } from '../driver/raft-errors.js';
import type { Applied, RaftNode } from '../driver/raft-node.js';
import { abandoned, type Part, partsOf } from './assembly.js';
import { partEntry } from './envelope.js';
import type { PartAnswer } from './group-machine.js';

/** Parts under way at once: a disk and a network are kept busy, and heartbeats are not kept waiting. Count. */
const UNDER_WAY_MAX = 8;

/** One after another: members put together one command at a time, and of two that come mixed each would take the place of the other. */
export class LargeCommands {
  private last: Promise<unknown> = Promise.resolve();

  /** `node`: asked when its turn has come; throws when there is none any more. */
  propose(node: () => Pick<RaftNode, 'propose'>, data: Uint8Array, timeoutMs?: number): Promise<Applied> {
    const proposed = this.last.then(() => proposeInParts(node(), data, timeoutMs));
    this.last = proposed.catch(() => undefined);
    return proposed;
  }
}

/** Resolves with what the state machine said of the whole. `timeoutMs`: for each part. Whatever fails before the last one was proposed, nothing has happened. */
export async function proposeInParts(node: Pick<RaftNode, 'propose'>, data: Uint8Array, timeoutMs?: number): Promise<Applied> {
  const parts = partsOf(randomUUID(), data);
  const last = parts.at(-1);
  if (last === undefined) throw new RangeError('a command without bytes has no parts');
  try {
    await proposeAll(node, parts.slice(0, -1), timeoutMs);
  } catch (error) {
    node.propose(partEntry(abandoned(last)), timeoutMs).catch(() => undefined);
    throw error;
  }
  const applied = await node.propose(partEntry(last), timeoutMs);
  refuseLost(applied, last);
  return applied;
}

async function proposeAll(node: Pick<RaftNode, 'propose'>, parts: readonly Part[], timeoutMs: number | undefined): Promise<void> {
  const underWay: Promise<void>[] = [];
  for (const part of parts) {
    const proposed = proposePart(node, part, timeoutMs);
    // It is awaited below; until then its failure is nobody's.
    proposed.catch(() => undefined);
    underWay.push(proposed);
    if (underWay.length >= UNDER_WAY_MAX) await underWay.shift();
  }
  for (const proposed of underWay) await proposed;
}

async function proposePart(node: Pick<RaftNode, 'propose'>, part: Part, timeoutMs: number | undefined): Promise<void> {
  try {
    refuseLost(await node.propose(partEntry(part), timeoutMs), part);
  } catch (error) {
    if (!(error instanceof RaftUnavailable) || error.code !== 'unknown') throw error;
    // Whether this part was agreed on does not matter: the last one is not proposed any more.
    throw new RaftUnavailable('lost', `part ${part.part + 1} of ${part.of} was not agreed on, and so nothing of it counts: ${error.message}`, error.leaderId);
  }
}

function refuseLost({ result }: Applied, { part, of }: Part): void {
  if ((result as Partial<PartAnswer> | null | undefined)?.isLost === true) throw new RaftUnavailable('lost', `the parts before part ${part + 1} of ${of} were not agreed on in one go`);
}
