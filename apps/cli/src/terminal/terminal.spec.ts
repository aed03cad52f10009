import { layOutTable, padRight, spellDuration, wrap } from './layout.js';
import { createTerminal, isColourWanted, type OutputStream } from './terminal.js';
import { Timeline } from './timeline.js';

const stream = (isTTY: boolean, columns = 80): OutputStream & { text: string } => ({
  text: '',
  isTTY,
  columns,
  write(text) {
    this.text += text;
    return true;
  },
});
const AT = new Date(2026, 0, 1, 23, 5, 9).getTime();
const long = 'no heartbeat for 12.0 s (phi 16.2), the probe was refused twice and the next beat is overdue';

describe('colour', () => {
  const cases = [
    { name: 'a terminal', env: {}, isTty: true, isWanted: true },
    { name: 'a pipe', env: {}, isTty: false, isWanted: false },
    { name: 'NO_COLOR on a terminal', env: { NO_COLOR: '1' }, isTty: true, isWanted: false },
    { name: 'an empty NO_COLOR', env: { NO_COLOR: '' }, isTty: true, isWanted: true },
    { name: 'NO_COLOR against FORCE_COLOR', env: { NO_COLOR: '1', FORCE_COLOR: '1' }, isTty: true, isWanted: false },
    { name: 'FORCE_COLOR in a pipe', env: { FORCE_COLOR: '1' }, isTty: false, isWanted: true },
    { name: 'FORCE_COLOR=0', env: { FORCE_COLOR: '0' }, isTty: true, isWanted: false },
    { name: 'a dumb terminal', env: { TERM: 'dumb' }, isTty: true, isWanted: false },
  ];
  test.each(cases)('$name: $isWanted', ({ env, isTty, isWanted }) => {
    expect(isColourWanted(env, isTty)).toBe(isWanted);
  });
});

describe('the timeline', () => {
  const show = (isTTY: boolean, reason: string): string[] => {
    const out = stream(isTTY);
    new Timeline(createTerminal({ NO_COLOR: '1' }, out, out), 0).change({ kind: 'status', atUnixMs: AT, nodeId: 'producer-1', from: 'HEALTHY', to: 'SUSPECT', reason });
    return out.text.trimEnd().split('\n');
  };

  test('a change is one line: time, node, from and to, reason', () => {
    expect(show(true, 'no beat for 2.6 s')).toEqual(['  23:05:09  producer-1     HEALTHY → SUSPECT   no beat for 2.6 s']);
  });

  test('a long reason stays in its column and within 80 columns', () => {
    const lines = show(true, long);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.every((line) => line.length <= 80)).toBe(true);
    expect(lines.map((line) => line.slice(47)).join(' ')).toBe(long);
  });

  test('marks and brakes stand in the same columns', () => {
    const out = stream(true);
    const timeline = new Timeline(createTerminal({ NO_COLOR: '1' }, out, out), 0);
    timeline.change({ kind: 'update', atUnixMs: AT, nodeId: 'producer-1', what: 'draining', marks: ['draining'], reason: 'drained by ada' });
    timeline.change({ kind: 'brake', atUnixMs: AT, zone: 'zone-a', step: 'engaged', reason: '4 of 6 are silent' });
    timeline.change({ kind: 'brake', atUnixMs: AT, zone: null, step: 'released', reason: 'beats return' });
    expect(out.text.trimEnd().split('\n')).toEqual([
      '  23:05:09  producer-1     draining            drained by ada',
      '  23:05:09  zone-a         brake engaged       4 of 6 are silent',
      '  23:05:09  the cluster    brake released      beats return',
    ]);
  });

  test('in a pipe a change is one line, however long', () => {
    expect(show(false, long)).toHaveLength(1);
  });
});

describe('a terminal', () => {
  test('progress is replaced by the next line', () => {
    const out = stream(true);
    const terminal = createTerminal({ NO_COLOR: '1' }, out, out);
    terminal.progress('waiting');
    terminal.print('done');
    expect(out.text).toBe('\r\u001b[Kwaiting\r\u001b[Kdone\n');
  });

  test('progress is not written into a pipe', () => {
    const out = stream(false);
    createTerminal({}, out, out).progress('waiting');
    expect(out.text).toBe('');
  });
});

describe('layout', () => {
  test('colour codes take no width', () => {
    expect(padRight('\u001b[31mab\u001b[39m', 4)).toBe('\u001b[31mab\u001b[39m  ');
  });

  test('columns are as wide as their widest cell, numbers to the right', () => {
    expect(layOutTable([{ title: 'A' }, { title: 'N', align: 'right' }], [['long', '1'], ['b', '100']])).toEqual(['A       N', 'long    1', 'b     100']);
  });

  test('a word that is too long stays whole', () => {
    expect(wrap('a http://host/very/long b', 8)).toEqual(['a', 'http://host/very/long', 'b']);
  });

  test.each([
    [400, '0.4 s'],
    [12_300, '12 s'],
    [180_000, '3 min'],
    [-5, '0.0 s'],
    [10 * 3_600_000, '10 h'],
  ])('%d ms reads %s', (ms, text) => {
    expect(spellDuration(ms)).toBe(text);
  });
});
