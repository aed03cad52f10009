/**
 * Where reading of a followed file goes on after a restart: one small JSON file in the data directory.
 *
 * Written beside and renamed, after a sync: a crash leaves the old or the new state, never half of one.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { errorCode } from './error-code.js';

const followStateSchema = z.object({
  v: z.literal(1),
  path: z.string(),
  /** Device and inode of the file being read. */
  device: z.string(),
  inode: z.string(),
  /** How many files, or contents of one file, came before under this path. Part of each record's id. */
  generation: z.int().min(0),
  /** Everything before was acknowledged. Bytes. */
  offset: z.int().min(0),
  /** The last bytes before `offset`, in base64: if they differ now, the file was written anew. */
  anchor: z.string(),
  /** When the file was last written to, as far as it was read. Nanoseconds since 1970, decimal. */
  modifiedUnixNs: z.string(),
});
export type FollowState = z.infer<typeof followStateSchema>;

export async function loadFollowState(file: string): Promise<FollowState | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  try {
    return followStateSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${file} does not hold a position: remove it to read the followed file from its beginning`, { cause: error });
  }
}

export async function saveFollowState(file: string, state: FollowState): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.part`;
  const handle = await open(part, 'w');
  try {
    await handle.writeFile(JSON.stringify(state));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
}
