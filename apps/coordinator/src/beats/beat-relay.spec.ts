import type { BeatResult } from '@muster/contracts';
import { Registry } from 'prom-client';
import type { Passed, PassedOn } from '../http/leader-client.js';
import { BeatRelay } from './beat-relay.js';

const became = (outcome: BeatResult['outcome']): BeatResult => ({ nodeId: 'n', outcome, knownIncarnation: 1 });
const TAKEN: PassedOn = { kind: 'answered', statusCode: 200, headers: {}, body: {} };

/** `answers`: what becomes of a request to a coordinator; one that is not listed never answers. */
function relay(answers: Readonly<Record<string, PassedOn>>, ...others: readonly string[]) {
  const metrics = new Registry();
  const sent: Passed[] = [];
  const asked: (() => boolean)[] = [];
  const it = new BeatRelay({
    nodeId: 'self',
    peers: () => ['self', ...others].map((nodeId) => ({ nodeId, httpUrl: `http://${nodeId}` })),
    metrics,
    pass: (passed, isOver) => {
      sent.push(passed);
      asked.push(isOver);
      const answer = answers[new URL(passed.url).hostname];
      return answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer);
    },
  });
  const counted = async (): Promise<Record<string, number>> => {
    const { values } = (await metrics.getSingleMetric('coordinator_beats_handed_on_total')?.get()) ?? { values: [] };
    return Object.fromEntries(values.map(({ labels, value }) => [String(labels['outcome']), value]));
  };
  return { it, sent, asked, counted };
}

test('what was news here is handed on to every other coordinator, with who hands it on; what was old or refused is not', async () => {
  const { it, sent, counted } = relay({ one: TAKEN, two: TAKEN }, 'one', 'two');
  it.handOn(['a', 'b', 'c', 'd'], [became('accepted'), became('stale'), became('rejected'), became('accepted')]);
  it.handOn(['e'], [became('stale')]);
  expect(sent).toEqual(['one', 'two'].map((host) => ({ method: 'POST', url: `http://${host}/cluster/beats`, headers: { 'content-type': 'application/json', 'x-muster-forwarded-by': 'self' }, text: '["a","d"]' })));
  expect(await counted()).toEqual({ taken: 4, lost: 0, unsent: 0 });
});

test('a coordinator that never answers is asked only so often at once, and costs the others nothing', async () => {
  const { it, sent, counted } = relay({ well: TAKEN }, 'silent', 'well');
  for (let each = 0; each < 40; each++) {
    it.handOn(['a'], [became('accepted')]);
    await Promise.resolve();
  }
  expect(sent.filter(({ url }) => url.includes('silent'))).toHaveLength(32);
  expect(sent.filter(({ url }) => url.includes('well'))).toHaveLength(40);
  expect(await counted()).toEqual({ taken: 40, lost: 0, unsent: 8 });
});

test('one that refuses or is not there is counted, and asked again with the next beat', async () => {
  const { it, sent, counted } = relay({ refusing: { ...TAKEN, statusCode: 503 }, gone: { kind: 'unsent', reason: 'refused' } }, 'refusing', 'gone');
  for (let each = 0; each < 40; each++) {
    it.handOn(['a'], [became('accepted')]);
    await Promise.resolve();
  }
  expect(sent).toHaveLength(80);
  expect(await counted()).toEqual({ taken: 0, lost: 80, unsent: 0 });
});

test('after the end nothing is sent, and what is under way is waited for no longer', () => {
  const { it, sent, asked } = relay({}, 'silent');
  it.handOn(['a'], [became('accepted')]);
  expect(asked.map((isOver) => isOver())).toEqual([false]);
  it.close();
  it.handOn(['b'], [became('accepted')]);
  expect(asked.map((isOver) => isOver())).toEqual([true]);
  expect(sent).toHaveLength(1);
});
