/** What three coordinators on a real Raft group answer over HTTP, whichever of them is asked. */
import { operatorResultSchema, raftRestoreAnswerSchema, raftStatusSchema, raftTransferAnswerSchema, READ_HEADERS } from '@muster/contracts';
import { eventually, until } from '@muster/testing';
import { beating, endAll, overBus } from '../testing/coordinator-app.js';
import { CoordinatorTrio, type Place, TRIO_SECRET } from '../testing/coordinator-trio.js';

let trio: CoordinatorTrio;
const begin = async (): Promise<void> => {
  trio = await CoordinatorTrio.start();
};
const end = (): Promise<void> => trio.close();
afterEach(endAll);

async function ask({ url }: Pick<Place, 'url'>, method: string, path: string, body?: object) {
  const response = await fetch(url + path, { method, headers: { authorization: `Bearer ${TRIO_SECRET}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { code: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers };
}

/** The leader and the others, with a member n1 that everybody knows. */
async function settled() {
  beating({ nodeId: 'n1' }, overBus(trio.bus));
  const leader = await trio.leader();
  for (const place of trio.places.values()) await trio.until(place, 'n1', 'HEALTHY');
  return { leader, others: trio.others(leader) };
}

describe('while all of them are there', () => {
  beforeAll(begin);
  afterAll(end);

  test('what is ordered at one follower is in every linearizable answer of another one, from the first moment', async () => {
    const { others: [one, other] } = await settled();
    for (let round = 0; round < 30; round++) {
      const what = round % 2 === 0 ? 'cordon' : 'uncordon';
      const ordered = await ask(one, 'POST', `/cluster/members/n1/${what}`, {});
      expect(ordered.code).toBe(200);
      const { index } = operatorResultSchema.parse(ordered.body);
      const { body, headers } = await ask(other, 'GET', '/cluster/members/n1?consistency=linearizable');
      expect([round, body['marks']]).toEqual([round, what === 'cordon' ? ['cordoned'] : []]);
      expect(Number(headers.get(READ_HEADERS.index))).toBeGreaterThanOrEqual(index);
      expect([headers.get(READ_HEADERS.servedBy), headers.get(READ_HEADERS.ageMs)]).toEqual([other.nodeId, '0']);
    }
  });

  test('orders go on while leadership is handed to and fro: each is carried out, none is refused', async () => {
    const { others: [follower] } = await settled();
    let isOver = false;
    const answers: (readonly [number, unknown])[] = [];
    const ordering = (async () => {
      while (!isOver) {
        const { code, body } = await ask(follower, 'POST', `/cluster/members/n1/${answers.length % 2 === 0 ? 'cordon' : 'uncordon'}`, {});
        answers.push([code, body['message']]);
      }
    })();
    for (let turn = 0; turn < 4; turn++) {
      // On a busy machine a handover may come to nothing: it is ordered again.
      await until('it is handed over', async () => {
        const from = await trio.leader();
        const { code, body } = await ask(follower, 'POST', '/raft/transfer', {});
        if (code !== 200) return false;
        const answer = raftTransferAnswerSchema.parse(body);
        expect(answer.leaderId).not.toBe(answer.from);
        return answer.from === from.nodeId;
      });
      const before = answers.length;
      await eventually('some more are carried out', () => answers.length, (count) => count >= before + 3);
    }
    isOver = true;
    await ordering;
    expect(answers.filter(([code]) => code !== 200)).toEqual([]);
  });

  test('a saved state that is restored at a follower is that of all of them, and readers are told what became different', async () => {
    const { others: [one, other] } = await settled();
    await ask(one, 'POST', '/cluster/members/n1/cordon', {});
    const { body: snapshot } = await ask(one, 'GET', '/raft/snapshot');
    await ask(one, 'POST', '/cluster/members/n1/uncordon', {});
    expect(await ask(other, 'POST', '/raft/restore', { snapshot, confirm: 'staging' })).toMatchObject({ code: 400, body: { code: 'RESTORE_UNCONFIRMED' } });
    const restored = raftRestoreAnswerSchema.parse((await ask(other, 'POST', '/raft/restore', { snapshot, confirm: 'muster' })).body);
    for (const place of trio.places.values()) {
      const { body } = await ask(place, 'GET', '/cluster/members/n1?consistency=linearizable');
      expect(body['marks']).toEqual(['cordoned']);
    }
    const { body: page } = await ask(other, 'GET', `/cluster/events?format=json&since=${restored.index - 1}&limit=1`);
    expect(JSON.stringify(page)).toContain('brought back by an operator');
  });
});

describe('when one goes or comes', () => {
  beforeEach(begin);
  afterEach(end);

  test('a write waits for the next leader when the leader is gone without a word', async () => {
    const { leader, others: [one, other] } = await settled();
    await trio.cutOff(leader);
    const { code, body } = await ask(one, 'POST', '/cluster/members/n1/cordon', {});
    expect([code, body['changed']]).toEqual([200, true]);
    expect((await ask(other, 'GET', '/cluster/members/n1?consistency=linearizable')).body['marks']).toEqual(['cordoned']);
  });

  test('a coordinator without a majority refuses writes and sure reads, and tells what it knew with a growing age', async () => {
    const { leader, others: [left, gone] } = await settled();
    await trio.cutOff(leader);
    await trio.cutOff(gone);
    for (const [method, path] of [['POST', '/cluster/members/n1/cordon'], ['GET', '/cluster/status?consistency=leader'], ['GET', '/cluster/status?consistency=linearizable']] as const) {
      expect(await ask(left, method, path, method === 'POST' ? {} : undefined)).toMatchObject({ code: 503, body: { code: 'NO_QUORUM' } });
    }
    const age = async (): Promise<number> => {
      const { code, headers, body } = await ask(left, 'GET', '/cluster/status');
      expect([code, body['hasQuorum'], body['leaderId']]).toEqual([200, false, null]);
      expect(Math.abs(Number(headers.get(READ_HEADERS.ageMs)) - Number(body['ageMs']))).toBeLessThan(500);
      return Number(headers.get(READ_HEADERS.ageMs));
    };
    const first = await age();
    expect(first).toBeGreaterThan(1000);
    await eventually('it grows', age, (later) => later > first + 300);
  });

  test('a fourth one is taken in at whichever member it asks, gets a vote, and does not come back once it is removed', async () => {
    const { leader, others: [follower] } = await settled();
    const fourth = await trio.open('c4');
    const peersAt = async (place: Place) => raftStatusSchema.parse((await ask(place, 'GET', '/raft/status')).body).peers;
    await eventually('c4 has a vote', () => peersAt(leader), (peers) => peers.some(({ nodeId, voter }) => nodeId === 'c4' && voter));
    expect((await ask(fourth, 'POST', '/cluster/members/n1/cordon', {})).code).toBe(200);
    // It hears of it at some time, and ends.
    trio.mayFail.add('c4');
    expect((await ask(follower, 'DELETE', '/raft/peers/c4')).code).toBe(200);
    await eventually('c4 belongs no more', () => peersAt(leader), (peers) => !peers.some(({ nodeId }) => nodeId === 'c4'));
    const { clusterId: _, ...introduction } = fourth.group.introduce('a-nonce-for-c4').body;
    const { cluster, nodeId, storeId, httpUrl, raftUrl } = introduction;
    expect(await ask(follower, 'POST', '/raft/peers', { cluster, nodeId, storeId, httpUrl, raftUrl })).toMatchObject({ code: 409, body: { code: 'RAFT_REFUSED', message: expect.stringContaining('was removed') } });
  });

  test('a coordinator with another secret is not taken in, and is told why', async () => {
    const { leader } = await settled();
    const stranger = await trio.open('c4', { MUSTER_CLUSTER_SECRET: 'the secret of somebody else' });
    const status = async () => raftStatusSchema.parse((await ask(stranger, 'GET', '/raft/status')).body);
    const { state, peers } = await eventually('it says why', status, ({ detail }) => /secret/.test(detail));
    expect([state === 'forming' || state === 'joining', peers.filter(({ nodeId }) => nodeId !== 'c4')]).toEqual([true, []]);
    expect((await ask(leader, 'GET', '/raft/peers')).body).toMatchObject({ peers: [{ nodeId: 'c1' }, { nodeId: 'c2' }, { nodeId: 'c3' }] });
  });
});
