import { spread, toTable } from './report.js';

describe('spread', () => {
  const cases = [
    { name: 'one sample is every percentile', given: [7], expected: { n: 1, p50: 7, p90: 7, p95: 7, p99: 7, max: 7 } },
    { name: 'ranks are the nearest, never interpolated', given: [4, 1, 3, 2], expected: { n: 4, p50: 2, p90: 4, p95: 4, p99: 4, max: 4 } },
    { name: 'a hundred samples give the 50th, 90th, 95th and 99th', given: Array.from({ length: 100 }, (_, i) => i + 1), expected: { n: 100, p50: 50, p90: 90, p95: 95, p99: 99, max: 100 } },
  ];
  test.each(cases)('$name', ({ given, expected }) => {
    expect(spread(given)).toEqual(expected);
  });

  test('no sample is an error, not a row of zeros', () => {
    expect(() => spread([])).toThrow(/at least one sample/);
  });
});

test('a table shows its conditions and leaves out columns that nobody filled', () => {
  const table = toTable({ bench: 'demo', conditions: { cores: 2 }, results: [{ case: 'a', metric: 'time', unit: 's', n: 1, value: 1.23456 }] });
  expect(table).toBe(['demo', '  cores: 2', '', 'case  metric  unit  n  value', '----  ------  ----  -  -----', 'a     time    s     1   1.23'].join('\n'));
});
