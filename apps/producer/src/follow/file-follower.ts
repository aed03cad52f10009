/**
 * Follows one file and publishes its lines in order: read, publish, remember the position once acknowledged.
 *
 * Survives rotation by rename (the old file is read to its end first) and by truncation, also while nobody was
 * following. Reads no further than it has published, so a slow bus slows the reading. A repeat after a crash gives every
 * line the id it had before. What a line means is decided by `line-mapper`, where files went by `rotation`.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger, LogRecord } from '@muster/contracts';
import { derivedId } from '../publish/record-id.js';
import { type FollowState, loadFollowState, saveFollowState } from './follow-state.js';
import { mapLine } from './line-mapper.js';
import { type Line, LineSplitter } from './line-splitter.js';
import { factsOf, fileAfter, type FileFacts, findFile, isSameFile } from './rotation.js';

export interface FileFollowerOptions {
  readonly path: string;
  /** Where the position is kept. */
  readonly statePath: string;
  readonly producerId: string;
  /** Service of lines that name none. */
  readonly service: string;
  /** Longest line that is taken whole. Bytes. */
  readonly lineBytesMax: number;
  /** Time between looks at a file that did not grow. Milliseconds. */
  readonly pollMs: number;
  /** How long a renamed file must be quiet before the next one is read. Milliseconds. Raising it waits for slow writers. */
  readonly rotatedQuietMs: number;
  /** Resolves once the records are acknowledged, however long that takes; rejects only when `signal` aborts. */
  readonly publish: (records: readonly LogRecord[], signal: AbortSignal) => Promise<void>;
  readonly logger: Logger;
}

const CHUNK_BYTES = 262_144;
const BATCH_LINES_MAX = 500;
const ANCHOR_BYTES = 64;
const SOURCE_CHARS_MAX = 256;
/** Pause after a fault of the file system. */
const FAULT_PAUSE_MS = 1000;

interface OpenFile {
  readonly handle: FileHandle;
  splitter: LineSplitter;
  /** The last bytes before the splitter's offset, as they were read. */
  tail: Buffer;
  state: FollowState;
  quietSinceMs: number | null;
}

export class FileFollower {
  private readonly stopping = new AbortController();
  private readonly buffer = Buffer.allocUnsafe(ANCHOR_BYTES + CHUNK_BYTES);
  private running: Promise<void> | null = null;
  private file: OpenFile | null = null;
  private sizeBytes = 0;
  private fault: string | null = null;

  constructor(private readonly options: FileFollowerOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Stops after the batch that is being published, or gives that up: it is published again after the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.close();
  }

  /** Acknowledged position, bytes left to read, and what is wrong, if anything. */
  progress(): { readonly offset: number; readonly lagBytes: number; readonly fault: string | null } {
    const offset = this.file?.state.offset ?? 0;
    return { offset, lagBytes: Math.max(0, this.sizeBytes - offset), fault: this.fault };
  }

  private async close(): Promise<void> {
    const { file } = this;
    this.file = null;
    await file?.handle.close();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      let waitMs = this.options.pollMs;
      try {
        if (await this.step()) waitMs = 0;
        this.fault = null;
      } catch (error) {
        if (signal.aborted) return;
        const fault = error instanceof Error ? error.message : String(error);
        if (fault !== this.fault) this.options.logger.error({ err: error, path: this.options.path }, 'cannot follow the file; trying again');
        this.fault = fault;
        waitMs = FAULT_PAUSE_MS;
        // What was read and not published is read again.
        await this.close();
      }
      if (waitMs > 0) await pause(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One look at the file. True when there may be more to read at once. */
  private async step(): Promise<boolean> {
    this.file ??= await this.openFirst();
    if (this.file === null) return false;
    const chunk = await this.readOn(this.file);
    if (chunk === null) {
      this.options.logger.info({ path: this.options.path, offset: this.file.state.offset }, 'the file was truncated: reading it from its beginning');
      await this.beginAnew(this.file);
      return true;
    }
    if (chunk.length === 0) return this.lookForRotation(this.file);
    await this.take(this.file, chunk);
    return true;
  }

  /** The file that the saved position belongs to, wherever it is now; else the path itself, from its beginning. */
  private async openFirst(): Promise<OpenFile | null> {
    const saved = await loadFollowState(this.options.statePath);
    if (saved !== null && saved.path === this.options.path) {
      const facts = await findFile(this.options.path, saved);
      if (facts !== null) return this.openAt(facts, saved);
      const next = await fileAfter(this.options.path, { ...saved, modifiedUnixNs: BigInt(saved.modifiedUnixNs) });
      if (next === null) return null;
      this.options.logger.warn({ path: this.options.path, offset: saved.offset }, 'the file that was being read is gone; lines it got since then are not known');
      return this.openNew(next, saved.generation + 1);
    }
    const facts = await factsOf(this.options.path);
    return facts === null ? null : this.openNew(facts, 0);
  }

  /** The position is saved before anything is published, so that a repeat counts the same generation. */
  private async openNew(facts: FileFacts, generation: number): Promise<OpenFile> {
    const state: FollowState = { v: 1, path: this.options.path, device: facts.device, inode: facts.inode, generation, offset: 0, anchor: '', modifiedUnixNs: '0' };
    await saveFollowState(this.options.statePath, state);
    return this.openAt(facts, state);
  }

  private async openAt(facts: FileFacts, state: FollowState): Promise<OpenFile> {
    const handle = await open(facts.path, 'r');
    const opened = await handle.stat({ bigint: true });
    if (!isSameFile({ device: String(opened.dev), inode: String(opened.ino) }, state)) {
      await handle.close();
      throw new Error(`${facts.path} was replaced while it was being opened`);
    }
    this.options.logger.info({ path: facts.path, offset: state.offset, generation: state.generation }, 'following');
    return { handle, state, splitter: new LineSplitter(state.offset, this.options.lineBytesMax), tail: Buffer.from(state.anchor, 'base64'), quietSinceMs: null };
  }

  /**
   * The bytes after the position; null when those before it are gone or others, so that the position means nothing any
   * more. Both come from one read: a file that is truncated between two would pass the check and be read from its middle.
   */
  private async readOn({ handle, splitter, tail }: OpenFile): Promise<Buffer | null> {
    this.sizeBytes = (await handle.stat()).size;
    const { bytesRead } = await handle.read(this.buffer, 0, tail.length + CHUNK_BYTES, splitter.offset() - tail.length);
    const read = this.buffer.subarray(0, bytesRead);
    return read.subarray(0, tail.length).equals(tail) ? read.subarray(tail.length) : null;
  }

  private async beginAnew(file: OpenFile): Promise<void> {
    const state: FollowState = { ...file.state, generation: file.state.generation + 1, offset: 0, anchor: '' };
    await saveFollowState(this.options.statePath, state);
    file.state = state;
    file.splitter = new LineSplitter(0, this.options.lineBytesMax);
    file.tail = Buffer.alloc(0);
    file.quietSinceMs = null;
  }

  private async lookForRotation(file: OpenFile): Promise<boolean> {
    const current = await factsOf(this.options.path);
    if (current !== null && isSameFile(current, file.state)) {
      file.quietSinceMs = null;
      return false;
    }
    const nowMs = performance.now();
    file.quietSinceMs ??= nowMs;
    if (nowMs - file.quietSinceMs < this.options.rotatedQuietMs) return false;
    const { mtimeNs } = await file.handle.stat({ bigint: true });
    const next = await fileAfter(this.options.path, { ...file.state, modifiedUnixNs: mtimeNs });
    if (next === null) return false;
    const rest = file.splitter.flush();
    if (rest !== null) await this.publish(file, [rest], file.tail);
    await this.close();
    this.file = await this.openNew(next, file.state.generation + 1);
    return true;
  }

  private async take(file: OpenFile, chunk: Buffer): Promise<void> {
    file.quietSinceMs = null;
    const lines = file.splitter.push(chunk);
    const read = Buffer.concat([file.tail, chunk]);
    await this.publish(file, lines, read);
    file.tail = Buffer.from(read.subarray(-ANCHOR_BYTES));
  }

  /** `read` holds the bytes up to the splitter's offset: the anchor must be what was read, not what is there by now. */
  private async publish(file: OpenFile, lines: readonly Line[], read: Buffer): Promise<void> {
    const readStart = file.splitter.offset() - read.length;
    for (let from = 0; from < lines.length; from += BATCH_LINES_MAX) {
      const batch = lines.slice(from, from + BATCH_LINES_MAX);
      const records = batch.flatMap((line) => this.recordOf(file.state, line) ?? []);
      if (records.length > 0) await this.options.publish(records, this.stopping.signal);
      const offset = batch.at(-1)?.end ?? file.state.offset;
      const anchor = read.subarray(Math.max(0, offset - ANCHOR_BYTES - readStart), offset - readStart).toString('base64');
      const { mtimeNs } = await file.handle.stat({ bigint: true });
      file.state = { ...file.state, offset, anchor, modifiedUnixNs: String(mtimeNs) };
      await saveFollowState(this.options.statePath, file.state);
    }
  }

  private recordOf(state: FollowState, line: Line): LogRecord | null {
    const text = Buffer.from(line.bytes).toString('utf8');
    const mapped = mapLine(text, { nowUnixMs: Date.now(), service: this.options.service, isCut: line.isCut });
    if (mapped === null) return null;
    const { producerId, path } = this.options;
    // The text is part of the id, so that an inode used again can never make two different lines look the same.
    const id = derivedId([producerId, path, state.device, state.inode, state.generation, line.start, text]);
    return { v: 1, id, source: path.slice(-SOURCE_CHARS_MAX), producerId, ...mapped };
  }
}
