/** What a leader does for the members, step by step; and that it comes to an end without a name ever standing for two stores. */
import fc from 'fast-check';
import { type Configuration, membersOf, planChange } from '@muster/raft';
import { applyDirectory, type Directory, type DirectoryCommand, directoryOf, type Newcomer } from './directory.js';
import { type Duty, type DutyFacts, nextDuty } from './duties.js';

const at = (nodeId: string, storeId = `store of ${nodeId}`): Newcomer => ({ nodeId, storeId, httpUrl: `http://${nodeId}:1`, raftUrl: `raft://${nodeId}:2` });
const voters = (...names: string[]): Configuration => ({ voters: names, outgoing: [], learners: [] });
const three = directoryOf(['a', 'b', 'c'].map((nodeId) => at(nodeId)));
const with_ = (...commands: DirectoryCommand[]): Directory => commands.reduce((now, command) => applyDirectory(now, command).directory, three);
const facts = (more: Partial<DutyFacts> = {}): DutyFacts => ({ directory: three, config: voters('a', 'b', 'c'), ready: new Set(), steady: new Set(['a', 'b', 'c', 'd']), found: new Map(), ...more });
const enterD: DutyFacts['directory'] = with_({ kind: 'enter', peer: at('d'), replaces: null });

test('nothing has to be done when all is as it should be, nor while a joint change is under way', () => {
  expect(nextDuty(facts())).toBeNull();
  expect(nextDuty(facts({ directory: enterD, config: { voters: ['a'], outgoing: ['a', 'b', 'c'], learners: [] } }))).toBeNull();
});

test('a newcomer gets the log first, and a vote when it has kept up', () => {
  expect(nextDuty(facts({ directory: enterD }))).toEqual({ kind: 'change', change: { addLearners: ['d'] } });
  const config = { ...voters('a', 'b', 'c'), learners: ['d'] };
  expect(nextDuty(facts({ directory: enterD, config }))).toBeNull();
  expect(nextDuty(facts({ directory: enterD, config, ready: new Set(['d']) }))).toEqual({ kind: 'change', change: { addVoters: ['d'] } });
});

test('whoever leaves loses its vote first and its name then', () => {
  const directory = with_({ kind: 'leave', nodeId: 'b', storeId: 'store of b' });
  expect(nextDuty(facts({ directory }))).toEqual({ kind: 'change', change: { remove: ['b'] } });
  expect(nextDuty(facts({ directory, config: voters('a', 'c') }))).toEqual({ kind: 'directory', command: { kind: 'bury', nodeId: 'b', storeId: 'store of b' } });
});

test('nobody loses its vote while the others are no majority of what is left, and whoever can go goes first', () => {
  const leave = (nodeId: string): DirectoryCommand => ({ kind: 'leave', nodeId, storeId: `store of ${nodeId}` });
  expect(nextDuty(facts({ directory: with_(leave('b')), steady: new Set(['a', 'b']) }))).toBeNull();
  expect(nextDuty(facts({ directory: with_(leave('b'), leave('c')), steady: new Set(['a', 'b']) }))).toEqual({ kind: 'change', change: { remove: ['c'] } });
  expect(nextDuty(facts({ directory: with_(leave('c')), steady: new Set(['a', 'b']) }))).toEqual({ kind: 'change', change: { remove: ['c'] } });
});

test('the last voter stays, though it leaves, until another has a vote', () => {
  const directory = with_({ kind: 'leave', nodeId: 'a', storeId: 'store of a' }, { kind: 'bury', nodeId: 'b', storeId: 'store of b' }, { kind: 'bury', nodeId: 'c', storeId: 'store of c' });
  expect(nextDuty(facts({ directory, config: voters('a') }))).toBeNull();
});

test('a replacement gets the vote of another in one change, once it keeps up', () => {
  const replacing = with_({ kind: 'enter', peer: at('d'), replaces: 'b' });
  const config = { ...voters('a', 'b', 'c'), learners: ['d'] };
  const leave: DirectoryCommand = { kind: 'leave', nodeId: 'b', storeId: 'store of b' };
  expect(nextDuty(facts({ directory: replacing, config }))).toBeNull();
  expect(nextDuty(facts({ directory: replacing, config, ready: new Set(['d']) }))).toEqual({ kind: 'directory', command: leave });
  const leaving = applyDirectory(replacing, leave).directory;
  expect(nextDuty(facts({ directory: leaving, config, ready: new Set(['d']) }))).toEqual({ kind: 'change', change: { addVoters: ['d'], remove: ['b'] } });
  // Another leader does not know yet that it keeps up: the old vote is not given away for nothing.
  expect(nextDuty(facts({ directory: leaving, config }))).toBeNull();
});

test('a replacement that has a vote already leaves the other to go', () => {
  const replacing = with_({ kind: 'enter', peer: at('d'), replaces: 'b' });
  const leave: DirectoryCommand = { kind: 'leave', nodeId: 'b', storeId: 'store of b' };
  expect(nextDuty(facts({ directory: replacing, config: voters('a', 'b', 'c', 'd') }))).toEqual({ kind: 'directory', command: leave });
  expect(nextDuty(facts({ directory: applyDirectory(replacing, leave).directory, config: voters('a', 'b', 'c', 'd') }))).toEqual({ kind: 'change', change: { remove: ['b'] } });
});

test('addresses that were found are made known, those of strangers and of whom it is known already not', () => {
  const moved = { httpUrl: 'http://x:1', raftUrl: 'raft://x:2' };
  const same = { httpUrl: 'http://a:1', raftUrl: 'raft://a:2' };
  expect(nextDuty(facts({ found: new Map([['z', moved], ['a', same]]) }))).toBeNull();
  expect(nextDuty(facts({ found: new Map([['b', moved]]) }))).toEqual({ kind: 'directory', command: { kind: 'enter', peer: { nodeId: 'b', storeId: 'store of b', ...moved }, replaces: null } });
});

/** The group as its leaders change it; remembers with which store each member of the configuration came in. */
class Model {
  directory = three;
  config: Configuration = voters('a', 'b', 'c');
  private readonly stores = new Map(three.peers.map(({ nodeId, storeId }) => [nodeId, storeId]));

  command(command: DirectoryCommand): void {
    this.directory = applyDirectory(this.directory, command).directory;
    this.check();
  }

  perform(duty: Duty): void {
    if (duty.kind === 'directory') return this.command(duty.command);
    const plan = planChange(this.config, duty.change);
    if (plan.kind === 'illegal') throw new Error(plan.reason);
    this.config = { ...plan.config, outgoing: [] };
    for (const nodeId of this.stores.keys()) if (!membersOf(this.config).includes(nodeId)) this.stores.delete(nodeId);
    for (const nodeId of membersOf(this.config)) if (!this.stores.has(nodeId)) this.stores.set(nodeId, this.directory.peers.find((peer) => peer.nodeId === nodeId)?.storeId ?? 'nobody');
    this.check();
  }

  private check(): void {
    if (this.config.voters.length === 0) throw new Error('there is no voter');
    for (const [nodeId, storeId] of this.stores) {
      if (this.directory.peers.find((peer) => peer.nodeId === nodeId)?.storeId !== storeId) throw new Error(`'${nodeId}' got its vote with ${storeId}, and is known with another store`);
      if (this.directory.tombstones.includes(storeId)) throw new Error(`'${nodeId}' has a vote and is buried`);
    }
  }
}

const name = fc.constantFrom('a', 'b', 'c', 'd');
const deed = fc.oneof(
  fc.record({ kind: fc.constant('enter' as const), name, disk: fc.nat(3), replaces: fc.option(name) }),
  fc.record({ kind: fc.constant('leave' as const), name }),
  fc.record({ kind: fc.constant('duty' as const), ready: fc.subarray(['a', 'b', 'c', 'd']), steady: fc.subarray(['a', 'b', 'c', 'd']) }),
);

test('in any order of comings, goings and leaders no name stands for two stores, and in peace all that stay get a vote', () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
      const model = new Model();
      const serve = (ready: Iterable<string>, steady: Iterable<string>): boolean => {
        const duty = nextDuty({ directory: model.directory, config: model.config, ready: new Set(ready), steady: new Set(steady), found: new Map() });
        if (duty !== null) model.perform(duty);
        return duty !== null;
      };
      for (const each of deeds) {
        if (each.kind === 'duty') serve(each.ready, each.steady);
        else if (each.kind === 'enter') model.command({ kind: 'enter', peer: at(each.name, `${each.name}${each.disk}`), replaces: each.replaces });
        else model.command({ kind: 'leave', nodeId: each.name, storeId: model.directory.peers.find((peer) => peer.nodeId === each.name)?.storeId ?? '' });
      }
      let left = 100;
      while (serve(['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd'])) expect((left -= 1)).toBeGreaterThan(0);
      const staying = model.directory.peers.filter(({ leaving }) => !leaving).map(({ nodeId }) => nodeId);
      expect(staying.length === 0 ? voters() : model.config).toEqual(voters(...staying));
    }),
    { numRuns: 1000 },
  );
});
