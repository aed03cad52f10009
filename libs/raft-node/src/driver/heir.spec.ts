/** Who leads next. */
import type { PeerStatus } from '@muster/raft';
import { heirOf } from './heir.js';

const peer = (id: string, more: Partial<PeerStatus> = {}): PeerStatus => ({ id, voter: true, match: 10, state: 'replicate', silentTicks: 0, ...more });

test.each([
  { name: 'of those that follow, the one that has most', peers: [peer('b'), peer('c', { match: 12 })], heir: 'c' },
  { name: 'of equals the one heard last', peers: [peer('b', { silentTicks: 3 }), peer('c', { silentTicks: 1 })], heir: 'c' },
  { name: 'no learner', peers: [peer('b', { voter: false, match: 20 }), peer('c')], heir: 'c' },
  { name: 'none that is silent, or has to be fed first', peers: [peer('b', { silentTicks: 11 }), peer('c', { state: 'snapshot' }), peer('d', { state: 'probe' })], heir: null },
  { name: 'nobody where nobody else is', peers: [], heir: null },
])('$name', ({ peers, heir }) => {
  expect(heirOf({ peers }, 10)).toBe(heir);
});
