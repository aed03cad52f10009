/**
 * When members were last in touch, and how long a heartbeat takes to them and back.
 *
 * What a leader knows is as old as the latest question that a majority has answered: it counts from when a heartbeat was sent, since another
 * leader may have been elected while the answer travelled. Decides nothing: elections and steps down are Raft's own, in ticks.
 */
import { committedIndex, type Configuration, type Message, type PeerId } from '@muster/raft';

/** Rounds whose answers may still come. Count. */
const ROUNDS_MAX = 1024;
/** Share of a new sample in the smoothed round trip, as TCP takes it. */
const SMOOTHING = 1 / 8;

export interface Contact {
  /** When its latest message arrived. */
  heardAtMs: number;
  /** When we sent the latest of what it has answered in this term; null when it answered nothing yet. */
  answeredAtMs: number | null;
  rttMs: number | null;
}

export class PeerContacts {
  private readonly contacts = new Map<PeerId, Contact>();
  private readonly sentAtMs = new Map<number, number>();
  private term = 0;

  /** Heartbeats that are about to be sent. */
  sending(messages: readonly Message[], nowMs: number): void {
    for (const message of messages) {
      if (message.kind !== 'heartbeat' || this.sentAtMs.has(message.round)) continue;
      this.sentAtMs.set(message.round, nowMs);
      for (const oldest of this.sentAtMs.keys()) {
        if (this.sentAtMs.size <= ROUNDS_MAX) break;
        this.sentAtMs.delete(oldest);
      }
    }
  }

  /** `term` is ours, after the message was taken. */
  heard(message: Message, term: number, nowMs: number): void {
    if (term !== this.term) {
      this.term = term;
      for (const contact of this.contacts.values()) contact.answeredAtMs = null;
    }
    const contact = this.contacts.get(message.from) ?? { heardAtMs: nowMs, answeredAtMs: null, rttMs: null };
    this.contacts.set(message.from, contact);
    contact.heardAtMs = nowMs;
    if (message.term !== term) return;
    // Who voted for us knew of no later leader when he did.
    if (message.kind === 'vote-reply' && message.granted && !message.isPre) contact.answeredAtMs ??= nowMs;
    if (message.kind !== 'heartbeat-reply') return;
    const sentAtMs = this.sentAtMs.get(message.round);
    if (sentAtMs === undefined) return;
    contact.answeredAtMs = Math.max(sentAtMs, contact.answeredAtMs ?? sentAtMs);
    const sampleMs = nowMs - sentAtMs;
    contact.rttMs = contact.rttMs === null ? sampleMs : contact.rttMs + (sampleMs - contact.rttMs) * SMOOTHING;
  }

  of(peer: PeerId): Readonly<Contact> | null {
    return this.contacts.get(peer) ?? null;
  }

  /** When the latest question was sent that a majority has answered, in both halves of a joint configuration; null when none was. */
  majorityAtMs(config: Configuration, self: PeerId, nowMs: number): number | null {
    // The same arithmetic as for a log: the latest moment that a majority has reached.
    const atMs = committedIndex(config, (peer) => (peer === self ? nowMs : (this.contacts.get(peer)?.answeredAtMs ?? -Infinity)));
    return Number.isFinite(atMs) ? atMs : null;
  }

  /** Those that are no members any more are forgotten. */
  keep(members: readonly PeerId[]): void {
    for (const peer of this.contacts.keys()) if (!members.includes(peer)) this.contacts.delete(peer);
  }
}
