/** What holds whatever happens, and in whatever order. */
import fc from 'fast-check';
import type { Change } from '@muster/membership';
import { type Mode, type Node, World } from '../testing/world.js';

type Happening =
  | { readonly kind: 'mode'; readonly node: number; readonly mode: Mode }
  | { readonly kind: 'restart'; readonly node: number }
  | { readonly kind: 'bus'; readonly isUp: boolean }
  | { readonly kind: 'pause'; readonly durationMs: number }
  | { readonly kind: 'lose'; readonly share: number };

const NODES = 5;
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('mode' as const), node: fc.integer({ min: 1, max: NODES }), mode: fc.constantFrom<Mode>('well', 'killed', 'gone', 'stopped', 'frozen', 'cut') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const), node: fc.integer({ min: 1, max: NODES }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('bus' as const), isUp: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause' as const), durationMs: fc.integer({ min: 100, max: 20_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), share: fc.integer({ min: 0, max: 4 }) }) },
);
const scripts = fc.array(fc.tuple(happening, fc.integer({ min: 1, max: 20_000 })), { minLength: 1, maxLength: 12 });
const options = fc.record({ nodes: fc.constant(NODES), zones: fc.integer({ min: 1, max: 3 }), intervalMs: fc.constantFrom(250, 1000, 4000), lanes: fc.boolean() });
const runs = { numRuns: Number(process.env['MUSTER_RUNS'] ?? 25) };

function happen(world: World, it: Happening): void {
  switch (it.kind) {
    case 'mode': {
      const { mode } = world.node(`n${it.node}`);
      // Who was killed stays killed until it is started.
      if (mode !== 'killed') world.set(`n${it.node}`, it.mode);
      return;
    }
    case 'restart':
      return world.restart(`n${it.node}`);
    case 'bus':
      world.isBusUp = it.isUp;
      return world.step({ kind: 'bus', isUp: it.isUp });
    case 'pause':
      return world.pause(it.durationMs);
    case 'lose':
      world.loses = (beat) => beat.seq % 5 < it.share;
      return;
  }
}

function play(world: World, script: readonly (readonly [Happening, number])[]): void {
  world.runUntil(15_000);
  for (const [it, forMs] of script) {
    happen(world, it);
    world.runUntil(world.nowMs + forMs);
  }
  world.runUntil(world.nowMs + 30_000);
}

/** Plays scripts, and hands each transition to the check with the world as it is then. */
function always(check: (world: World, change: Extract<Change, { kind: 'transition' }>) => void): void {
  fc.assert(
    fc.property(options, scripts, (settings, script) => {
      const world = new World(settings);
      world.onTransition = (change) => check(world, change);
      play(world, script);
    }),
    runs,
  );
}

const isBySilence = (change: Extract<Change, { kind: 'transition' }>): boolean => change.failure === 'unreachable' || (change.member.status === 'SUSPECT' && change.member.reason.startsWith('no heartbeat'));

test('whatever the order, nobody is DOWN for silence without a probe of our own in vain since its last beat', () => {
  always((world, { member, failure }) => {
    if (failure !== 'unreachable') return;
    expect(world.silentAtMs.get(member.nodeId) ?? -Infinity).toBeGreaterThan(world.heardAtMs.get(member.nodeId) ?? 0);
  });
});

test('a process that exists is DOWN as hung only, and not before its time', () => {
  always((world, { member, failure }) => {
    const { nodeId, incarnation } = member;
    const node = world.node(nodeId === 'self' ? 'n1' : nodeId);
    if (failure === null || node.incarnation !== incarnation) return;
    expect(faultOf(world, node, failure)).toBe('');
  });
});

/** Silence counts from when the last beat was sent, as far as that can be told: at most an interval before it stopped, or so long before it was heard as it lay unread. */
function isHungForLong(world: World, { nodeId, modeAtMs, intervalMs }: Node): boolean {
  const heardAtMs = world.heardAtMs.get(nodeId) ?? 0;
  return world.nowMs - modeAtMs >= 15_000 - intervalMs || world.nowMs - heardAtMs >= 15_000 - Math.min(world.pausedMs, 3000);
}

/** What is wrong with a DOWN about the process that is there now; empty when nothing. */
function faultOf(world: World, node: Node, failure: string): string {
  switch (node.mode) {
    case 'well':
    case 'cut':
      // It may have come back a moment ago, unheard so far.
      return world.nowMs - node.modeAtMs < 2 * node.intervalMs + 1000 + world.pausedMs ? '' : `${failure} although it is well`;
    case 'stopped':
      return failure === 'unreachable' || (failure === 'hung' && isHungForLong(world, node)) ? '' : `${failure} too early`;
    case 'frozen':
    case 'gone':
      return failure === 'crashed' ? 'crashed although nothing was refused' : '';
    case 'killed':
    case 'left':
      return '';
  }
}

test('nobody is judged by silence while nothing comes by the way of its beats', () => {
  always((world, change) => {
    if (!isBySilence(change)) return;
    const { partition } = world.node(change.member.nodeId);
    const readAgoMs = world.nowMs - (world.readAtMs.get(partition) ?? -Infinity);
    // Or the bus is known to be away, and the others come by their lanes.
    const othersDirect = [...world.nodes.values()].some(({ nodeId }) => nodeId !== change.member.nodeId && world.nowMs - (world.heardAtMs.get(nodeId) ?? -Infinity) <= 5000);
    expect(readAgoMs <= 2510 || (!world.isBusUp && othersDirect)).toBe(true);
  });
});

test('a newer beat vetoes every verdict that is on its way', () => {
  fc.assert(
    fc.property(options, scripts, fc.integer({ min: 0, max: 3 }), (settings, script, every) => {
      const world = new World(settings);
      const spoke = new Set<string>();
      let count = 0;
      world.beforeCommit = (commands) => {
        spoke.clear();
        for (const command of commands) {
          if ((command.kind !== 'suspect' && command.kind !== 'down') || count++ % (every + 1) !== 0 || command.reason.includes('main loop')) continue;
          const node = world.node(command.nodeId);
          if (node.incarnation !== command.incarnation) continue;
          spoke.add(command.nodeId);
          world.speak(node);
        }
      };
      world.onTransition = ({ member }) => {
        expect((member.status === 'SUSPECT' || member.status === 'DOWN') && spoke.has(member.nodeId)).toBe(false);
      };
      play(world, script);
    }),
    runs,
  );
});

test('there is never more than one proposal about a node at a time, and every probe under way is bounded', () => {
  fc.assert(
    fc.property(options, scripts, (settings, script) => {
      const world = new World(settings);
      const waiting = new Map<string, number>();
      world.onEffect = (effect) => {
        if (effect.kind !== 'propose') return;
        for (const command of effect.commands) {
          if (!('nodeId' in command)) continue;
          expect(waiting.has(command.nodeId)).toBe(false);
          waiting.set(command.nodeId, effect.ticket);
        }
      };
      world.onSettled = (ticket) => {
        for (const [nodeId, held] of waiting) if (held === ticket) waiting.delete(nodeId);
      };
      play(world, script);
      expect(world.observer.load.probesUnderway).toBeLessThanOrEqual(256);
    }),
    runs,
  );
});

test('everybody who is well for a minute and some beats is in service again, unless it is damped', () => {
  fc.assert(
    fc.property(options, scripts, (settings, script) => {
      const world = new World(settings);
      play(world, script);
      happen(world, { kind: 'bus', isUp: true });
      world.loses = () => false;
      for (const node of world.nodes.values()) if (node.mode === 'killed') world.restart(node.nodeId);
      else world.set(node.nodeId, 'well');
      // Its first beat ends the silence, a minute later it owes nothing any more, and the next beat says so.
      world.runUntil(world.nowMs + 60_000 + 3 * settings.intervalMs);
      for (const nodeId of world.nodes.keys()) {
        const { status = 'unknown', marks = [] } = world.membership.member(nodeId)?.record ?? {};
        expect(marks.includes('damped') ? 'damped' : status).toMatch(/^(damped|JOINING|HEALTHY|DEGRADED)$/);
      }
    }),
    runs,
  );
});
