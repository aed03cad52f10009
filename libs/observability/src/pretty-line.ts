/** One log entry for human eyes: time, level, sentence, facts. */

const HIDDEN = new Set(['time', 'level', 'service', 'nodeId', 'msg', 'context', 'err', 'pid', 'hostname']);

/** @param line One JSON line of pino. A line that is none is given back as it is. */
export function prettyLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const facts = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const error = entry['err'] as { message?: string; stack?: string } | undefined;
  const text = (key: string): string => (typeof entry[key] === 'string' ? entry[key] : '');
  const head = `${text('time').slice(11, 23)} ${text('level').toUpperCase().padEnd(5)} ${text('nodeId')}  ${text('msg')}`;
  const tail = facts.length > 0 ? `  ${facts.join(' ')}` : '';
  return `${head}${tail}\n${error === undefined ? '' : `    ${error.stack ?? error.message ?? ''}\n`}`;
}
