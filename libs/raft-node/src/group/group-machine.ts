/** One state machine out of two: the directory of the members, and what the application keeps. */
import type { StateMachine } from '../driver/raft-node.js';
import type { SnapshotPieces } from '../driver/snapshot-taking.js';
import { type Assembly, assemble, stillOf } from './assembly.js';
import { applyDirectory, type Directory, EMPTY_DIRECTORY } from './directory.js';
import { openEntry, openSnapshot, sealSnapshot } from './envelope.js';

/** What applying a directory entry answers: why it was refused, or null. */
export interface DirectoryAnswer {
  readonly refused: string | null;
}

/** What applying a part of a command answers, unless it was the last one. */
export interface PartAnswer {
  readonly isLost: boolean;
}

const NOTHING = new Uint8Array(0);

export class GroupMachine implements StateMachine {
  private current: Directory = EMPTY_DIRECTORY;
  private assembly: Assembly | null = null;
  private hasApplication = false;

  constructor(
    private readonly application: StateMachine,
    private readonly onDirectory: (directory: Directory) => void,
  ) {}

  get directory(): Directory {
    return this.current;
  }

  apply(data: Uint8Array, index: number, term: number): unknown {
    const entry = openEntry(data);
    this.assembly = stillOf(this.assembly, term);
    switch (entry.kind) {
      case 'application':
        this.hasApplication = true;
        return this.application.apply(entry.data, index, term);
      case 'part': {
        const assembled = assemble(this.assembly, entry.part, term);
        this.assembly = assembled.kind === 'whole' ? null : assembled.assembly;
        if (assembled.kind !== 'whole') return { isLost: assembled.kind === 'lost' } satisfies PartAnswer;
        this.hasApplication = true;
        return this.application.apply(assembled.bytes, index, term);
      }
      case 'directory': {
        const { directory, refused } = applyDirectory(this.current, entry.command);
        if (refused === null) this.become(directory);
        return { refused } satisfies DirectoryAnswer;
      }
    }
  }

  snapshot(): Uint8Array | SnapshotPieces {
    const application = this.hasApplication ? this.application.snapshot() : null;
    const state = { directory: this.current, assembly: this.assembly };
    if (application === null || application instanceof Uint8Array) return sealSnapshot({ ...state, application });
    return following(sealSnapshot({ ...state, application: NOTHING }), application);
  }

  restore(data: Uint8Array, index: number): void {
    const { directory, assembly, application } = openSnapshot(data);
    this.assembly = assembly;
    this.hasApplication = application !== null;
    if (application !== null) this.application.restore(application, index);
    this.become(directory);
  }

  private become(directory: Directory): void {
    this.current = directory;
    this.onDirectory(directory);
  }
}

/** The application's state is what comes last. */
function* following(head: Uint8Array, pieces: SnapshotPieces): SnapshotPieces {
  yield head;
  for (let next = pieces.next(); next.done !== true; next = pieces.next()) yield next.value;
}
