/** Reads the facts of a request, which anybody who reaches the socket may have written. */
import type { TopicSpec } from '@muster/contracts';
import { type Frame, FrameError } from './frames.js';

export class Facts {
  constructor(private readonly facts: Frame['facts']) {}

  text(name: string): string {
    const value = this.facts[name];
    if (typeof value !== 'string' || value.length === 0 || value.length > 1024) throw new FrameError(`'${name}' must be a text of 1..1024 characters`);
    return value;
  }

  count(name: string): number {
    const value = this.facts[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new FrameError(`'${name}' must be a whole number of at least 0`);
    return value;
  }

  texts(name: string): string[] {
    const value = this.facts[name];
    if (!Array.isArray(value) || value.length > 1000 || !value.every((it): it is string => typeof it === 'string')) throw new FrameError(`'${name}' must be a list of texts`);
    return value;
  }

  topics(name: string): TopicSpec[] {
    const value = this.facts[name];
    if (!Array.isArray(value) || value.length > 1000) throw new FrameError(`'${name}' must be a list of topics`);
    return value.map(topicSpec);
  }
}

function topicSpec(value: unknown): TopicSpec {
  if (typeof value !== 'object' || value === null) throw new FrameError('a topic must be an object');
  const facts = new Facts(value as Record<string, unknown>);
  const cleanup = facts.text('cleanup');
  const partitionCount = facts.count('partitionCount');
  if (cleanup !== 'delete' && cleanup !== 'compact') throw new FrameError(`the cleanup of a topic is delete or compact, not '${cleanup}'`);
  if (partitionCount < 1 || partitionCount > 1024) throw new FrameError(`a topic has 1..1024 partitions, not ${partitionCount}`);
  const retentionMs = (value as { retentionMs?: unknown }).retentionMs === null ? null : facts.count('retentionMs');
  return { name: facts.text('name'), partitionCount, cleanup, retentionMs };
}
