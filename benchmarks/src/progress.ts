/** Tells on stderr how far a benchmark is, so that stdout holds the report alone: one line per piece of news, or one that renews itself on a terminal. */

const EVERY_MS = 10_000;
let toldAtMs = -Infinity;

/** News worth a line of its own. */
export function tell(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}\n` : `${text}\n`);
}

/** How far it is; on a terminal the line renews itself, elsewhere one is written every ten seconds. */
export function tellProgress(text: string): void {
  const nowMs = performance.now();
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  else if (nowMs - toldAtMs >= EVERY_MS) {
    toldAtMs = nowMs;
    process.stderr.write(`${text}\n`);
  }
}
