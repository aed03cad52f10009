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
