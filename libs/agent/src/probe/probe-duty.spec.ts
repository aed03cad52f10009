import type { ProbeTarget } from '@muster/contracts';
import { SharedCounters } from '../engine/shared-counters.js';
import { ProbeDuty } from './probe-duty.js';
import { Reach } from './reach.js';

/** Nobody is there: what is asked comes back when its time is over. */
const target = (probeUrl: string): ProbeTarget => ({ nodeId: 'm', incarnation: 1, probeUrl, httpUrl: null });
const dutyWith = () => {
  const shared = new SharedCounters();
  return { shared, duty: new ProbeDuty(shared, () => new Reach(['http://127.0.0.1:1'])) };
};

test('who is asked about an address that is not looked at has no opinion', async () => {
  const { duty, shared } = dutyWith();
  expect(await duty.look(target('tcp://169.254.169.254:80'), 50)).toBeNull();
  expect([shared.get('probesDeclined'), shared.get('probesMade')]).toEqual([1, 0]);
});

test('sixteen looks are made at once, one more is declined, and there is room again when they came back', async () => {
  const { duty, shared } = dutyWith();
  const looks = Array.from({ length: 17 }, () => duty.look(target('tcp://127.0.0.1:1'), 200));
  expect((await Promise.all(looks)).filter((finding) => finding === null)).toHaveLength(1);
  expect(shared.get('probesDeclined')).toBe(1);
  expect(await duty.look(target('tcp://127.0.0.1:1'), 200)).toMatchObject({ result: 'refused' });
});

test('how late our own loop was counts for the looks that were under way then, and for no later one', async () => {
  const { duty } = dutyWith();
  const look = duty.look(target('tcp://127.0.0.1:1'), 200);
  duty.noteLate(120);
  duty.noteLate(30);
  expect(await look).toMatchObject({ lateMs: 120 });
  expect(await duty.look(target('tcp://127.0.0.1:1'), 200)).toMatchObject({ lateMs: 0 });
});
