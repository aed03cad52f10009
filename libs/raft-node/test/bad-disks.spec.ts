/** Real processes on disks that stand still, fail or are full: somebody else leads, and nobody says what is not so. */
import { BadDisks, canFillDisks, failureOf, smallDisk, until } from '@muster/testing';
import { Processes } from '../testing/processes.js';

const badDisks = BadDisks.make();
const onBadDisk = badDisks === null ? describe.skip : describe;
const onSmallDisk = canFillDisks() ? describe : describe.skip;

let group: Processes;
beforeEach(() => {
  group = new Processes(['a', 'b', 'c']);
});
afterEach(() => group.stopAll());
afterAll(() => badDisks?.remove());

async function onBadDisks(): Promise<BadDisks> {
  if (badDisks === null) throw new Error('there is no C compiler');
  for (const id of group.ids) group.launches.set(id, badDisks.launch(id));
  await group.startAll();
  await group.commit('before');
  return badDisks;
}

const leads = (): Promise<string> => until('somebody leads', () => group.leader());
const othersThan = (one: string): string[] => group.ids.filter((id) => id !== one);

/** Once everybody else is led by one of them, who that is. */
async function successorOf(one: string): Promise<string> {
  return until('another leads', async () => {
    const pulses = await Promise.all(othersThan(one).map((id) => group.call(id, 'pulse')));
    const next = pulses[0]?.leaderId;
    return next !== undefined && next !== one && pulses.every(({ leaderId, hasQuorum }) => leaderId === next && hasQuorum) ? next : null;
  });
}

onBadDisk('a disk that stands still or fails', () => {
  test('a leader whose disk stands still is replaced and knows it; when the disk moves on it follows, and says of its last proposal what became of it', async () => {
    const disks = await onBadDisks();
    const frozen = await leads();
    disks.set(frozen, 'freeze');
    const stuck = group.call(frozen, 'propose', 'stuck', 60_000).then(() => 'acknowledged', (error: { readonly code?: string }) => error.code);
    await successorOf(frozen);
    expect(await until('it knows', async () => ((await group.call(frozen, 'pulse')).hasQuorum ? null : 'out of touch'))).toBe('out of touch');
    await group.commit('after');
    disks.set(frozen, 'well');
    // It was sent before it was written, so that the others may have committed it.
    const outcome = await stuck;
    const texts = await Promise.all(group.ids.map(async (id) => (await group.call(id, 'read', 20_000)).texts));
    expect(new Set(texts.map((each) => each.join(','))).size).toBe(1);
    expect(texts[0]).toEqual(outcome === 'acknowledged' ? ['before', 'stuck', 'after'] : ['before', 'after']);
  });

  test('a follower whose disk stands still holds nobody up', async () => {
    const disks = await onBadDisks();
    const leader = await leads();
    const [frozen = ''] = othersThan(leader);
    disks.set(frozen, 'freeze');
    for (const text of ['x', 'y']) await group.commit(text);
    disks.set(frozen, 'well');
    expect((await group.call(frozen, 'read', 20_000)).texts).toEqual(['before', 'x', 'y']);
  });

  test('a member whose disk reports an error at a sync ends and says so, and comes back with all that was acknowledged', async () => {
    const disks = await onBadDisks();
    const failed = await until('a leader cannot write', async () => {
      const leader = await leads();
      disks.set(leader, 'error');
      if (/ended|stopped/.test((await failureOf(group.call(leader, 'propose', 'never durable', 20_000))).message) || !group.isRunning(leader)) return leader;
      // Another one leads by now.
      disks.set(leader, 'well');
      return null;
    });
    await until('it has ended', () => !group.isRunning(failed));
    expect(group.failures.get(failed)).toMatch(/cannot be written: disk I\/O error: look at the disk/);
    await group.commit('after');
    disks.set(failed, 'well');
    await group.start(failed);
    expect((await group.call(failed, 'read', 20_000)).texts).toEqual(expect.arrayContaining(['before', 'after']));
  });

  test('a leader whose disk is slow, but works, lets another lead', async () => {
    const disks = await onBadDisks();
    await until('a leader has handed over because of its disk', async () => {
      const slow = await leads();
      disks.set(slow, 'slow');
      const proposals = Promise.allSettled(Array.from({ length: 6 }, async (_, turn) => {
        for (let at = 0; at <= turn; at++) await group.call(slow, 'propose', `slow ${turn}/${at}`, 20_000);
      }));
      await successorOf(slow);
      const { counts } = await group.call(slow, 'status');
      disks.set(slow, 'well');
      await proposals;
      // Else it was missed before it could: a busy machine is slow, too.
      return counts.diskHandovers === 1;
    });
  });
});

onSmallDisk('a disk that fills up', () => {
  test('a leader whose disk is full ends in words; the others have all that was acknowledged, and go on', async () => {
    const MIB = 1024 * 1024;
    for (const id of group.ids) {
      group.launches.set(id, smallDisk(`${group.folder}/${id}`, id === 'a' ? 6 * MIB : 64 * MIB));
    }
    // The low-water mark is out of the way: this is about a disk that fills at once.
    group.settings['lowWaterBytes'] = 0;
    await group.startAll();
    await group.commit('before');
    const acknowledged: string[] = [];
    let attempts = 0;
    const large = 'x'.repeat(256 * 1024);
    await until('its disk is full', async () => {
      // One whose outcome is not known may still be committed.
      const text = `${(attempts += 1)} ${large}`;
      if (!group.isRunning('a')) return true;
      const leader = await leads();
      if (leader !== 'a') return group.call(leader, 'transfer', 'a', 10_000).then(() => false, () => false);
      await group.call('a', 'propose', text, 2000).then(() => acknowledged.push(text), () => {});
      return false;
    });
    expect(group.failures.get('a')).toMatch(/cannot be written: database or disk is full: free some space/);
    const { by } = await group.commit('after');
    const { texts } = await group.call(by, 'read', 20_000);
    expect(acknowledged.length).toBeGreaterThan(3);
    expect(texts.filter((text) => acknowledged.includes(text))).toEqual(acknowledged);
  });
});
