/** Messages, roles and members in a few words, for scripts that people read. */
import type { Configuration, Entry, Message, RaftStatus } from '../src/index.js';
import { textOf } from './group.js';

export function entriesInWords(entries: readonly Entry[]): string {
  return `[${entries.map((entry) => `${entry.index}=${textOf(entry)}`).join(' ')}]`;
}

export function membersInWords({ voters, outgoing, learners }: Configuration): string {
  const halves = outgoing.length === 0 ? voters.join(',') : `${outgoing.join(',')} => ${voters.join(',')}`;
  return learners.length === 0 ? halves : `${halves} learning ${learners.join(',')}`;
}

export function roleInWords({ role, term, leaderId }: RaftStatus): string {
  switch (role) {
    case 'leader':
      return `leads term ${term}`;
    case 'follower':
      return leaderId === null ? `follows nobody in term ${term}` : `follows ${leaderId} in term ${term}`;
    case 'pre-candidate':
      return `asks around in term ${term}`;
    case 'candidate':
      return `stands in term ${term}`;
  }
}

export function messageInWords(message: Message): string {
  return `${message.from}>${message.to} term ${message.term} ${contentInWords(message)}`;
}

function contentInWords(message: Message): string {
  switch (message.kind) {
    case 'append':
      return `append after ${message.prevTerm}:${message.prevIndex} ${entriesInWords(message.entries)} commit ${message.commit}`;
    case 'append-reply':
      return message.accepted ? `append-reply has ${message.matchIndex}` : `append-reply no to ${message.rejectedIndex}, perhaps ${message.hintTerm}:${message.hintIndex}`;
    case 'heartbeat':
      return `heartbeat ${message.round} commit ${message.commit}`;
    case 'heartbeat-reply':
      return `heartbeat-reply ${message.round}`;
    case 'vote':
      return `${message.isPre ? 'pre-' : ''}vote log ${message.lastTerm}:${message.lastIndex}${message.isTransfer ? ' by order of the leader' : ''}`;
    case 'vote-reply':
      return `${message.isPre ? 'pre-' : ''}vote-reply ${message.granted ? 'yes' : 'no'}`;
    case 'snapshot':
      return `snapshot ${message.indexTerm}:${message.index} bytes ${message.offset}..${message.offset + message.chunk.byteLength} of ${message.totalBytes}`;
    case 'snapshot-reply':
      return `snapshot-reply ${message.index} ${message.done ? 'done' : `go on at ${message.nextOffset}`}`;
    case 'timeout-now':
      return 'timeout-now';
    case 'read-index':
      return `read-index ${message.requestId}`;
    case 'read-index-reply':
      return `read-index-reply ${message.requestId} ${message.index === null ? 'ask again' : `at ${message.index}`}`;
  }
}
