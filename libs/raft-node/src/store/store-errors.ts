/** Why a store cannot be used, and the way out. */

/** It was read, and it is not what was written. Starting on it could forget a vote or an acknowledged write. */
export class StoreDamaged extends Error {
  override readonly name = 'StoreDamaged';
  constructor(path: string, what: string) {
    super(
      `the Raft store ${path} is damaged (${what}): this member does not start on it, since it might break promises it made. ` +
        'If the other members have a majority, remove this one from the group, move the file away and those beside it that begin with its name, and start again: it joins as a new member. If not, restore it from a backup, without those',
    );
  }
}

/** It cannot be opened now. */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';

  static because(path: string, error: unknown): StoreUnusable {
    const advice = /locked|busy/i.test(textOf(error)) ? 'another process is using it: give each member its own node.dataDir' : withRemedy(error);
    return new StoreUnusable(`the Raft store ${path} cannot be opened: ${advice}`, { cause: error });
  }
}

/** What was to be written is not, and nothing more can be promised. */
export class StoreUnwritable extends Error {
  override readonly name = 'StoreUnwritable';

  static because(path: string, error: unknown): StoreUnwritable {
    return new StoreUnwritable(`the Raft store ${path} cannot be written: ${withRemedy(error)}`, { cause: error });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function withRemedy(error: unknown): string {
  const text = textOf(error);
  if (/disk is full/i.test(text)) return `${text}: free some space there, then start this member again`;
  if (/disk I\/O/i.test(text)) return `${text}: look at the disk before this member is started again; if it is lost, remove the member and let it join with an empty data folder`;
  return text;
}
