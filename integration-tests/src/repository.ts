/** Where files of the repository lie, seen from here, in source and in `dist` alike. */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(fileURLToPath(new URL('.', import.meta.url)), '..', '..');

export const repositoryFile = (path: string): string => join(ROOT, path);
