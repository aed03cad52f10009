/** A state that is larger than any other request may be, saved and brought back over HTTP by three coordinators that agree on it. */
import { createHash } from 'node:crypto';
import { raftRestoreAnswerSchema, savedStateSchema } from '@muster/contracts';
import { eventually, until } from '@muster/testing';
import { CoordinatorTrio, TRIO_SECRET } from '../testing/coordinator-trio.js';

const MEMBERS = 2500;
/** Nearly as many as a member may have. */
const TAGS = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`tag-${at}`, 'x'.repeat(240)]));
let trio: CoordinatorTrio;
beforeAll(async () => {
  trio = await CoordinatorTrio.start();
});
afterAll(() => trio?.close());

interface State {
  readonly members: readonly { readonly record: { readonly nodeId: string } }[];
}

const digestOf = (state: object): string => createHash('sha256').update(JSON.stringify(state)).digest('hex');

async function saved(url: string) {
  const text = await (await fetch(`${url}/raft/snapshot`)).text();
  const document = JSON.parse(text) as { readonly digest: string; readonly state: State };
  savedStateSchema.parse(document);
  return { document, bytes: text.length };
}

test('more than 16 MB go in at a follower, come out of another with their digest, and are there after a restart from the snapshot', async () => {
  const leader = await trio.leader();
  await trio.until(leader, leader.nodeId, 'HEALTHY');
  const [one, other] = trio.others(leader);
  const { document } = await saved(leader.url);
  const [model] = document.state.members;
  // Gone for good: nobody has to look for them.
  const members = Array.from({ length: MEMBERS }, (_, at) => ({ ...model, standing: null, record: { ...model?.record, nodeId: `gone-${at}`, status: 'LEFT', tags: TAGS } }));
  const state = { ...document.state, members: [...document.state.members, ...members] };
  const body = JSON.stringify({ confirm: 'muster', snapshot: { ...document, state, digest: digestOf(state) } });
  expect(body.length).toBeGreaterThan(16 * 1024 * 1024);
  const restore = async (): Promise<unknown> => (await fetch(`${one.url}/raft/restore`, { method: 'POST', headers: { authorization: `Bearer ${TRIO_SECRET}`, 'content-type': 'application/json' }, body })).json();
  // All three are in this process: on a slow machine they may be out of touch for a moment, and say to ask again; each time that takes some seconds.
  const answer = await eventually('it is restored', restore, (said) => raftRestoreAnswerSchema.safeParse(said).success, 120_000);
  const { index, members: restored } = raftRestoreAnswerSchema.parse(answer);
  expect(restored).toBe(state.members.length);
  await eventually('the other one has applied it', () => other.group.status().appliedIndex, (applied) => applied >= index);
  const again = await until('it is saved', () => saved(other.url).catch(() => null));
  expect(again.bytes).toBeGreaterThan(16 * 1024 * 1024);
  expect([again.document.state.members.filter(({ record }) => record.nodeId.startsWith('gone-')).length, again.document.digest]).toEqual([MEMBERS, digestOf(again.document.state)]);
  // From its own snapshot, which is written in parts.
  await until('it is on the disk', () => other.group.compact().catch(() => null));
  await trio.end(other);
  const back = await trio.open(other.nodeId);
  await eventually('it knows them', () => [...back.cluster.membership.all()].length, (count) => count > MEMBERS);
});
