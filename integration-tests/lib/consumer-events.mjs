/** Prints the events about some members that a consumer stored, as one JSON array; runs where members can be reached. Reads {httpUrl, nodeIds, from} from stdin. */
import { readFileSync } from 'node:fs';

const PAGE = 1000;
const { httpUrl, nodeIds, from } = JSON.parse(readFileSync(0, 'utf8'));
const events = [];
for (const nodeId of nodeIds) {
  let cursor = '';
  do {
    const answer = await fetch(`${httpUrl}/events?nodeId=${nodeId}&from=${from}&limit=${PAGE}${cursor}`, { signal: AbortSignal.timeout(10_000) });
    if (answer.status !== 200) throw new Error(`${httpUrl}/events answered ${answer.status}: ${await answer.text()}`);
    const page = await answer.json();
    events.push(...page.items);
    cursor = page.nextCursor === null ? '' : `&cursor=${encodeURIComponent(page.nextCursor)}`;
  } while (cursor !== '');
}
console.log(JSON.stringify(events));
