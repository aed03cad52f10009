/**
 * Gives a consumer that has no database yet a copy of the empty one that tools/run.cjs prepared, which saves it seconds
 * and half a gigabyte at its first start. Without a template nothing is lost: the consumer prepares its own.
 */
import { constants, cpSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ENGINE = ['node_modules', '@electric-sql', 'pglite', 'package.json'];
const CACHE = ['node_modules', '.cache', 'muster'];

/** Where the template for the installed engine is, there or not; null when no engine is installed. tools/run.cjs names it alike. */
export function databaseTemplateIn(repository: string): string | null {
  try {
    const { version } = JSON.parse(readFileSync(join(repository, ...ENGINE), 'utf8')) as { version: string };
    return join(repository, ...CACHE, `database-${version}`);
  } catch {
    return null;
  }
}

/** True when `folder` was made from the template. A copy that breaks off is begun again. */
export function seedDatabase(template: string | null, folder: string): boolean {
  if (template === null || !existsSync(template) || existsSync(folder)) return false;
  const part = `${folder}.seed`;
  rmSync(part, { recursive: true, force: true });
  cpSync(template, part, { recursive: true, mode: constants.COPYFILE_FICLONE });
  renameSync(part, folder);
  return true;
}
