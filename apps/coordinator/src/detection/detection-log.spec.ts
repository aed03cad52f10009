import { DetectionLog } from './detection-log.js';

function world() {
  const lines: string[] = [];
  const write = (level: string) => (_: object, text?: string) => void lines.push(`${level}: ${text}`);
  const log = new DetectionLog({ debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') });
  return { log, lines };
}

test('partitions that were blind together are one line, with the longest time; the wait for the first beat is none', () => {
  const { log, lines } = world();
  for (const partition of [1, 2, 3, 11]) log.note({ kind: 'unobserved', partition, unobservedMs: 5000 });
  log.tick('');
  expect(lines.splice(0)).toEqual(['info: beats reach this coordinator through every partition: it judges silence']);
  for (const partition of [3, 1, 11]) log.note({ kind: 'unobserved', partition, unobservedMs: 1000 * partition });
  log.tick('');
  log.note({ kind: 'unobserved', partition: 2, unobservedMs: 1500 });
  log.tick('');
  log.tick('');
  expect(lines).toEqual(['warn: nothing came through 3 partitions of the heartbeats for 11.0 s: that time is no silence of anybody', 'warn: nothing came through partition 2 of the heartbeats for 1.5 s: that time is no silence of anybody']);
});

test('a doubt of ourselves is told when it begins and when it ends, however its words change', () => {
  const { log, lines } = world();
  for (const doubt of ['no beat yet', '', 'no beat for 3 s', 'no beat for 4 s', '', '']) log.tick(doubt);
  const end = 'info: beats reach this coordinator through every partition: it judges silence';
  expect(lines).toEqual([end, 'warn: no beat for 3 s', end]);
});

test('a verdict that a brake or damping holds up is told to people; one that only takes a moment longer is not', () => {
  const { log, lines } = world();
  for (const cause of ['brake', 'damped', 'blind', 'unconfirmed'] as const) log.note({ kind: 'withheld', nodeId: 'n', cause, detail: cause === 'blind' ? '' : 'because' });
  expect(lines).toEqual(['info: no verdict about n: because', 'info: no verdict about n: because', 'debug: no verdict about n: blind', 'debug: no verdict about n: because']);
});

test('a standstill of our own is told at once', () => {
  const { log, lines } = world();
  log.note({ kind: 'unobserved', partition: null, unobservedMs: 10_120 });
  expect(lines).toEqual(['warn: this coordinator did not run for 10.1 s: that time is no silence of anybody']);
});
