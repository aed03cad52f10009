/** Whole episodes as text: what happens, a line, and what the observer makes of it. `MUSTER_REWRITE=1` writes them anew. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mode, World, type WorldOptions } from '../testing/world.js';

const folder = join(import.meta.dirname, '..', 'testdata');
const LINE = '----';

function play(script: string): string {
  let world = new World({ nodes: 0 });
  for (const line of script.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === undefined || word === '' || word.startsWith('#')) continue;
    if (word === 'world') world = new World(Object.fromEntries(rest.map((setting) => setting.split('=')).map(([name, value]) => [name, Number(value)])) as unknown as WorldOptions);
    else if (word === 'at') command(world, rest);
    else throw new Error(`a script has no word '${word}'`);
  }
  return world.lines.map((text) => `${text}\n`).join('');
}

function command(world: World, [time, word, ...rest]: string[]): void {
  world.runUntil(Number(time) * 1000);
  const [first = ''] = rest;
  switch (word) {
    case 'quiet':
      world.lines.length = 0;
      return;
    case 'probes':
      world.showsProbes = true;
      return;
    case 'bus':
      world.isBusUp = first === 'up';
      world.step({ kind: 'bus', isUp: world.isBusUp });
      return;
    case 'pause':
      world.pause(Number(first));
      return;
    case 'restart':
      for (const nodeId of rest) world.restart(nodeId);
      return;
    case 'end':
      return;
    default:
      for (const nodeId of rest) {
        // A process that goes on is well again.
        world.set(nodeId, (word === 'goes-on' ? 'well' : word) as Mode);
      }
  }
}

test.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', (name) => {
  const path = join(folder, name);
  const read = (): readonly string[] => readFileSync(path, 'utf8').split(`${LINE}\n`);
  const [script = ''] = read();
  const played = play(script);
  if (process.env['MUSTER_REWRITE'] === '1') writeFileSync(path, `${script}${LINE}\n${played}`);
  expect(played).toBe(read()[1]);
});
