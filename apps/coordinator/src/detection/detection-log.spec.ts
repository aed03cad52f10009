import { DetectionLog } from './detection-log.js';

function world() {
  const lines: string[] = [];
  const write = (level: string) => (_: object, text?: string) => void lines.push(`${level}: ${text}`);
  const log = new DetectionLog({ debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') });
  const gap = (partition: number | null, unobservedMs: number, nowMs: number): void => log.note({ kind: 'unobserved', partition, unobservedMs }, nowMs);
  return { log, lines, gap };
}

test('partitions that were blind together are one line, with the longest time; the wait for the first beat is none', () => {
  const { log, lines, gap } = world();
  for (const partition of [1, 2, 3, 11]) gap(partition, 5000, 0);
  log.tick('', 0);
  expect(lines.splice(0)).toEqual(['info: beats reach this coordinator through every partition: it judges silence']);
  for (const partition of [3, 1, 11]) gap(partition, 1000 * partition, 20_000);
  log.tick('', 20_000);
  log.tick('', 20_250);
  expect(lines.splice(0)).toEqual(['warn: nothing came through 3 partitions of the heartbeats for 11.0 s: that time is no silence of anybody']);
  log.tick('', 200_000);
  gap(2, 1500, 200_250);
  log.tick('', 200_250);
  expect(lines).toEqual(['warn: nothing came through partition 2 of the heartbeats for 1.5 s: that time is no silence of anybody']);
});

test('gaps that come again and again are told when they begin, once a minute, and when they are over', () => {
  const { log, lines, gap } = world();
  for (const partition of [0, 1]) gap(partition, 0, 0);
  log.tick('', 0);
  lines.splice(0);
  for (let nowMs = 10_000; nowMs <= 150_000; nowMs += 1000) {
    gap(nowMs % 2000 === 0 ? 0 : 1, nowMs === 50_000 ? 2600 : 1000, nowMs);
    log.tick('', nowMs);
  }
  for (let nowMs = 150_250; nowMs <= 400_000; nowMs += 250) log.tick('', nowMs);
  expect(lines).toEqual([
    'warn: nothing came through partition 0 of the heartbeats for 1.0 s: that time is no silence of anybody',
    'warn: heartbeats come with gaps: 61 times within 61 s, 2.6 s at most, just now in partition 0: that time is no silence of anybody',
    'warn: heartbeats come with gaps: 121 times within 121 s, 2.6 s at most, just now in partition 0: that time is no silence of anybody',
    'info: heartbeats came with gaps 141 times within 141 s, 2.6 s at most; that is over',
  ]);
});

test('a doubt of ourselves is told when it begins and when it ends, however its words change', () => {
  const { log, lines } = world();
  for (const [at, doubt] of ['no beat yet', '', 'no beat for 3 s', 'no beat for 4 s', '', ''].entries()) log.tick(doubt, 250 * at);
  const end = 'info: beats reach this coordinator through every partition: it judges silence';
  expect(lines).toEqual([end, 'warn: no beat for 3 s', end]);
});

test('a doubt that comes and goes is told once a minute, and one that then lasts is told', () => {
  const { log, lines } = world();
  const end = 'info: beats reach this coordinator through every partition: it judges silence';
  log.tick('', 0);
  for (let nowMs = 1000; nowMs < 70_000; nowMs += 1000) log.tick(nowMs % 2000 === 0 ? '' : 'no beat', nowMs);
  expect(lines.splice(0)).toEqual([end, 'warn: no beat', end, 'warn: no beat', end]);
  log.tick('', 70_000);
  for (let nowMs = 71_000; nowMs < 200_000; nowMs += 1000) log.tick(`no beat for ${nowMs / 1000 - 68} s`, nowMs);
  expect(lines).toEqual(['warn: no beat for 53 s']);
});

test('a verdict that a brake or damping holds up is told to people; one that only takes a moment longer is not', () => {
  const { log, lines } = world();
  for (const cause of ['brake', 'damped', 'blind', 'unconfirmed'] as const) log.note({ kind: 'withheld', nodeId: 'n', cause, detail: cause === 'blind' ? '' : 'because' }, 0);
  expect(lines).toEqual(['info: no verdict about n: because', 'info: no verdict about n: because', 'debug: no verdict about n: blind', 'debug: no verdict about n: because']);
});

test('a standstill of our own is told at once, and one after another as one spell', () => {
  const { log, lines, gap } = world();
  gap(null, 10_120, 0);
  expect(lines.splice(0)).toEqual(['warn: this coordinator did not run for 10.1 s: that time is no silence of anybody']);
  for (let nowMs = 20_000; nowMs <= 100_000; nowMs += 10_000) gap(null, 1200, nowMs);
  log.tick('no beat yet', 159_000);
  expect(lines.splice(0)).toEqual(['warn: this coordinator did not run, again and again: 6 times within 70 s, 10.1 s at most: that time is no silence of anybody']);
  log.tick('no beat yet', 160_000);
  log.tick('no beat yet', 160_250);
  expect(lines).toEqual(['info: this coordinator stood still 10 times within 110 s, 10.1 s at most; that is over']);
});
