/**
 * Where a broker really listens: the kernel refuses socket paths of more than about 100 bytes, so a longer one is replaced by a short
 * one in the folder for temporary files, the same for everybody who names the same path.
 */
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PATH_BYTES_MAX = 100;

export function socketAddress(socketPath: string): string {
  const path = resolve(socketPath);
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 24);
  return join(tmpdir(), `muster-bus-${digest}.sock`);
}
