import { MainWatch } from './main-watch.js';

interface Look {
  readonly atMs: number;
  readonly mark: number;
}

function lags(looks: readonly Look[]): number[] {
  const watch = new MainWatch({ lookMs: 50, graceMs: 150 });
  return looks.map(({ atMs, mark }) => watch.look(mark, atMs));
}

test.each([
  { name: 'a loop that moves between two looks has no lag', looks: [{ atMs: 1000, mark: 1 }, { atMs: 1050, mark: 2 }], expected: [0, 0] },
  { name: 'standing still for less than the grace is moving', looks: [{ atMs: 1000, mark: 1 }, { atMs: 1050, mark: 1 }, { atMs: 1149, mark: 1 }], expected: [0, 0, 0] },
  { name: 'the lag counts from the last mark that was seen', looks: [0, 50, 100, 150, 200].map((atMs) => ({ atMs, mark: 7 })), expected: [0, 0, 0, 150, 200] },
  { name: 'one mark ends it', looks: [{ atMs: 0, mark: 7 }, { atMs: 150, mark: 7 }, { atMs: 200, mark: 8 }, { atMs: 250, mark: 8 }], expected: [0, 150, 0, 0] },
  { name: 'a pause of the whole process is not a lag of its main loop', looks: [{ atMs: 0, mark: 7 }, { atMs: 50, mark: 7 }, { atMs: 10_000, mark: 7 }, { atMs: 10_050, mark: 8 }], expected: [0, 0, 200, 0] },
  { name: 'the first look knows nothing', looks: [{ atMs: 5_000_000, mark: 0 }], expected: [0] },
])('$name', ({ looks, expected }) => {
  expect(lags(looks)).toEqual(expected);
});
