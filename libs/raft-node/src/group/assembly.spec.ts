/** Which parts make a command, and which are lost. */
import { abandoned, assemble, type Assembly, type Part, PART_BYTES, partsOf, PARTS_MAX, stillOf } from './assembly.js';

const data = (parts: number): Uint8Array => new Uint8Array(parts * PART_BYTES - 3).map((_, at) => at % 239);
const part = (id: string, at: number, of = 3): Part => ({ id, part: at, of, bytes: Uint8Array.of(at) });
const kept = (assembly: Assembly | null) => (assembly === null ? null : `${assembly.id} of term ${assembly.term}: ${assembly.parts.length}`);

/** What becomes of each of them, all in one term unless said otherwise. */
function run(...steps: (Part & { readonly term?: number })[]): string[] {
  let assembly: Assembly | null = null;
  return steps.map(({ term = 1, ...step }) => {
    const assembled = assemble(assembly, step, term);
    assembly = assembled.kind === 'whole' ? null : assembled.assembly;
    return assembled.kind === 'whole' ? `whole ${assembled.bytes.join()}` : `${assembled.kind}, kept ${kept(assembly)}`;
  });
}

test('the parts of a command are, in their order, the command', () => {
  const whole = data(3);
  let assembly: Assembly | null = null;
  const outcomes = partsOf('x', whole).map((one) => {
    const assembled = assemble(assembly, one, 1);
    if (assembled.kind !== 'whole') ({ assembly } = assembled);
    return assembled.kind === 'whole' ? assembled.bytes : assembled.kind;
  });
  expect(outcomes).toEqual(['part', 'part', whole]);
});

test.each<{ name: string; steps: Parameters<typeof run>; become: string[] }>([
  { name: 'one that is missing loses the rest', steps: [part('x', 0), part('x', 2)], become: ['part, kept x of term 1: 1', 'lost, kept null'] },
  { name: 'one that comes twice loses the rest', steps: [part('x', 0), part('x', 1), part('x', 1), part('x', 2)], become: ['part, kept x of term 1: 1', 'part, kept x of term 1: 2', 'lost, kept null', 'lost, kept null'] },
  { name: 'one without a beginning is lost', steps: [part('x', 1)], become: ['lost, kept null'] },
  { name: 'the beginning of another takes the place of what is there', steps: [part('x', 0), part('y', 0), part('x', 1), part('y', 1)], become: ['part, kept x of term 1: 1', 'part, kept y of term 1: 1', 'lost, kept y of term 1: 1', 'part, kept y of term 1: 2'] },
  { name: 'one of another term does not follow', steps: [part('x', 0), { ...part('x', 1), term: 2 }], become: ['part, kept x of term 1: 1', 'lost, kept null'] },
  { name: 'one that says another count does not follow', steps: [part('x', 0), part('x', 1, 2)], become: ['part, kept x of term 1: 1', 'lost, kept null'] },
  { name: 'one that was given up is not kept', steps: [part('x', 0), abandoned(part('x', 2))], become: ['part, kept x of term 1: 1', 'lost, kept null'] },
  { name: 'more parts than there may be are not even begun', steps: [part('x', 0, PARTS_MAX + 1)], become: ['lost, kept null'] },
  { name: 'a command of one part is whole at once', steps: [part('x', 0, 1)], become: ['whole 0'] },
])('$name', ({ steps, become }) => {
  expect(run(...steps)).toEqual(become);
});

test('what was not finished in its term is gone with the first entry of the next', () => {
  const assembly: Assembly = { id: 'x', term: 3, of: 2, parts: [Uint8Array.of(1)] };
  expect([stillOf(assembly, 3), stillOf(assembly, 4), stillOf(null, 3)]).toEqual([assembly, null, null]);
});
