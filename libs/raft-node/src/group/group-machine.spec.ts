/** Two state machines in one: what each is told, and that every replica is told the same, snapshots in between or not. */
import fc from 'fast-check';
import { wholeSnapshot } from '../driver/snapshot-taking.js';
import { applicationEntry, directoryEntry, partEntry } from './envelope.js';
import { GroupMachine } from './group-machine.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const bytesOf = (of: string): Uint8Array => new TextEncoder().encode(of);

function replica(hasPieces = false) {
  let told: string[] = [];
  const machine = new GroupMachine(
    {
      apply: (data, index, term) => told.push(`${text(data)} at ${index}.${term}`),
      snapshot: () => (hasPieces ? [bytesOf(JSON.stringify(told).slice(0, 3)), bytesOf(JSON.stringify(told).slice(3))].values() : bytesOf(JSON.stringify(told))),
      restore: (data) => void (told = JSON.parse(text(data)) as string[]),
    },
    () => {},
  );
  return { machine, told: () => told };
}

test('a command in parts counts at the place of its last one, between others that came meanwhile', () => {
  const { machine, told } = replica();
  const part = (at: number) => partEntry({ id: 'x', part: at, of: 2, bytes: bytesOf(`<${at}>`) });
  expect(machine.apply(part(0), 5, 1)).toEqual({ isLost: false });
  machine.apply(applicationEntry(bytesOf('other')), 6, 1);
  expect(machine.apply(part(1), 7, 1)).toBe(2);
  expect(told()).toEqual(['other at 6.1', '<0><1> at 7.1']);
  expect(machine.apply(part(1), 8, 1)).toEqual({ isLost: true });
});

test('what was not finished is gone with any entry of another term, whatever it is about', () => {
  for (const entry of [applicationEntry(bytesOf('o')), directoryEntry({ kind: 'leave', nodeId: 'n', storeId: 's' })]) {
    const { machine } = replica();
    machine.apply(partEntry({ id: 'x', part: 0, of: 2, bytes: bytesOf('a') }), 5, 1);
    expect(machine.apply(entry, 6, 2)).toBeDefined();
    expect(machine.apply(partEntry({ id: 'x', part: 1, of: 2, bytes: bytesOf('b') }), 7, 2)).toEqual({ isLost: true });
  }
});

test.each([false, true])('a replica that got a snapshot at any place has told the same as one that saw it all (in pieces: %s)', (hasPieces) => {
  const part = fc.record({ kind: fc.constant('part' as const), id: fc.constantFrom('x', 'y'), at: fc.nat(2) });
  const command = fc.record({ kind: fc.constant('command' as const), body: fc.string({ maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(fc.oneof(part, part, command, fc.constant({ kind: 'term' as const })), { maxLength: 25 }), fc.nat(25), (steps, at) => {
      const one = replica(hasPieces);
      let other = replica();
      let term = 1;
      for (const [position, step] of steps.entries()) {
        if (position === at) {
          other = replica();
          other.machine.restore(wholeSnapshot(one.machine.snapshot()), position);
        }
        if (step.kind === 'term') {
          term += 1;
          continue;
        }
        const entry = step.kind === 'command' ? applicationEntry(bytesOf(step.body)) : partEntry({ id: step.id, part: step.at, of: 3, bytes: bytesOf(`${step.id}${position}`) });
        expect(other.machine.apply(entry, position + 1, term)).toEqual(one.machine.apply(entry, position + 1, term));
      }
      expect(other.told()).toEqual(one.told());
    }),
  );
});
