/** How an operator proves to be one, and is asked whether what cannot be taken back is meant. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError, EXIT, messageOf } from '../exit-codes.js';
import { readSecret } from '../local-cluster/cluster-secret.js';
import { findHome } from '../local-cluster/state-file.js';

export interface SecretOptions {
  /** File with the secret of the cluster. */
  readonly secretFile: string | undefined;
  readonly data: string | undefined;
}

/** From the file that was named, the environment, or the folder of the local cluster; null when it is nowhere. */
export function secretFor({ env, cwd }: CliContext, { secretFile, data }: SecretOptions): string | null {
  if (secretFile === undefined) return env['MUSTER_CLUSTER_SECRET'] ?? readSecret(findHome(cwd, data));
  try {
    return readFileSync(resolve(cwd, secretFile), 'utf8').trim();
  } catch (error) {
    throw new CliError(EXIT.usage, `--secret-file ${secretFile} cannot be read: ${messageOf(error)}`);
  }
}

export async function confirm({ ask }: CliContext, { yes }: { readonly yes: boolean }, question: string, otherwise: string): Promise<void> {
  if (yes) return;
  if (ask === null) throw new CliError(EXIT.usage, `that cannot be taken back, and nobody can be asked here: say --yes to mean it`);
  if (!/^y(es)?$/i.test((await ask(`${question} [y/N] `)).trim())) throw new CliError(EXIT.failed, otherwise);
}
