import { LaneNote } from './lane-note.js';

function noteWith() {
  const lines: string[] = [];
  return { lines, note: new LaneNote({ log: (level, _facts, message) => void lines.push(`${level} ${message}`), onChange: () => {} }) };
}

test('a node whose first beats went straight to the coordinators does not beat through the bus again', () => {
  const { note, lines } = noteWith();
  note.note('direct', 'the bus is not there yet', { sentMonoMs: 1 });
  note.note('bus', '', { sentMonoMs: 2 });
  note.note('direct', 'BUS_DOWN', { sentMonoMs: 3 });
  note.note('bus', '', { sentMonoMs: 4 });
  expect(lines).toEqual(['info beating straight to the coordinators', 'info beating through the bus', 'warn beats do not get onto the bus (BUS_DOWN): beating straight to the coordinators', 'info beating through the bus again']);
});

test('a bus that comes and goes is told once a minute; that the lane changed is passed on each time', () => {
  const lines: string[] = [];
  const lanes: string[] = [];
  const note = new LaneNote({ log: (level, _facts, message) => void lines.push(`${level} ${message}`), onChange: (lane) => void lanes.push(lane) });
  const again = 'info beating through the bus again';
  const lost = 'warn beats do not get onto the bus (slow): beating straight to the coordinators';
  note.note('bus', '', { sentMonoMs: 0 });
  for (let at = 1000; at <= 62_000; at += 2000) {
    note.note('direct', 'slow', { sentMonoMs: at });
    note.note('bus', '', { sentMonoMs: at + 1000 });
  }
  expect(lines.splice(0)).toEqual(['info beating through the bus', lost, again, lost, again]);
  expect(lanes).toHaveLength(63);
  for (let at = 64_000; at <= 130_000; at += 1000) note.note('direct', 'slow', { sentMonoMs: at });
  expect(lines).toEqual([lost]);
});

test('that no lane at all takes beats is told at once, also right after the bus was lost', () => {
  const { note, lines } = noteWith();
  note.note('bus', '', { sentMonoMs: 0 });
  note.note('direct', 'slow', { sentMonoMs: 1 });
  note.note('none', 'gone', { sentMonoMs: 2 });
  expect(lines.at(-1)).toBe('warn no lane takes beats: the cluster will not hear of this node until one does');
});
