/** Why a store cannot be used, and the way out. */

/** It was read, and it is not what was written. Starting on it could forget a vote or an acknowledged write. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
  constructor(path: string, what: string) {
    super(
      `the Raft store ${path} is damaged (${what}): this member does not start on it, since it might break promises it made. ` +
        'If the other members have a majority, remove this one from the group, move the file away, and start again: it joins as a new member. If not, restore the file from a backup',
    );
  }
}

/** It cannot be opened now. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';

  static because(path: string, error: unknown): StoreUnusable {
    const text = error instanceof Error ? error.message : String(error);
    const advice = /locked|busy/i.test(text) ? 'another process is using it: give each member its own node.dataDir' : text;
    return new StoreUnusable(`the Raft store ${path} cannot be opened: ${advice}`, { cause: error });
  }
}
