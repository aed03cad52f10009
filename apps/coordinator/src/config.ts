/** Settings of the coordinator: sections that it shares with others, and its own. */
import { httpSection, sections } from '@muster/config';
import { z } from 'zod';

const joining = z.strictObject({
  beats: z.int().min(1).max(100).default(3).meta({ doc: 'Consecutive beats after which a node that is new is HEALTHY.', unit: 'count', range: '1 to 100', raising: 'New members serve later.' }),
});

const coordinator = z.strictObject({
  membersMax: z.int().min(1).max(100_000).default(10_000).meta({ doc: 'Most members that are kept; beats of further nodes are refused and counted.', unit: 'count', range: '1 to 100000', raising: 'More memory.' }),
  watchersMax: z.int().min(1).max(10_000).default(1000).meta({ doc: 'Most open event streams; further ones are refused.', unit: 'count', range: '1 to 10000', raising: 'More memory and traffic.' }),
  lanesMax: z.int().min(1).max(100_000).default(10_000).meta({ doc: 'Most direct lanes of agents; further ones are refused and go to another coordinator.', unit: 'count', range: '1 to 100000', raising: 'More memory and open files.' }),
  stateBytesMax: z.int().min(1024 * 1024).max(400 * 1024 * 1024).default(32 * 1024 * 1024).meta({ doc: 'Largest saved state that is restored; 1000 members are about 1 MB.', unit: 'bytes', range: '1048576 to 419430400', raising: 'More memory of every coordinator while one is restored: one that has too little ends, and ends again when it starts.' }),
  snapshotEntries: z.int().min(10).max(1_000_000).default(2000).meta({ doc: 'Log entries after which the state is saved and the log cut.', unit: 'count', range: '10 to 1000000', raising: 'Fewer writes of the whole state; a restart replays more.' }),
});

const sectionsOfCoordinator = z.strictObject({
  cluster: sections.cluster,
  node: sections.node,
  bus: sections.bus,
  http: httpSection(8081),
  heartbeat: sections.heartbeat,
  failure: sections.failure,
  hung: sections.hung,
  brake: sections.brake,
  flap: sections.flap,
  reap: sections.reap,
  phi: sections.phi,
  gossip: sections.gossip,
  stabilisation: sections.stabilisation,
  raft: sections.raft,
  joining,
  coordinator,
  log: sections.log,
});

type Sections = z.output<typeof sectionsOfCoordinator>;

export const coordinatorSchema = sectionsOfCoordinator.superRefine((config, context) => {
  for (const { path, message } of groupProblems(config)) context.addIssue({ code: 'custom', path, message });
});
export type CoordinatorConfig = z.output<typeof coordinatorSchema>;

const TLS = ['tlsCaFile', 'tlsCertFile', 'tlsKeyFile'] as const;

/** What single settings cannot show: a group that would never form, or that anybody could join. */
function groupProblems({ cluster, raft }: Sections): { path: string[]; message: string }[] {
  const problems: { path: string[]; message: string }[] = [];
  const isByName = cluster.coordinators.some((url) => url.startsWith('dns+'));
  const expect = raft.expect ?? cluster.coordinators.length;
  if (isByName && raft.expect === undefined) problems.push({ path: ['raft', 'expect'], message: 'must be set when cluster.coordinators holds a dns+ name: each coordinator would found a group of its own while it sees no other' });
  if ((expect > 1 || isByName) && cluster.secret === undefined) problems.push({ path: ['cluster', 'secret'], message: `must be set, the same everywhere, for a group of ${expect} coordinators` });
  const given = TLS.filter((name) => raft[name] !== undefined);
  for (const name of TLS) if (given.length > 0 && raft[name] === undefined) problems.push({ path: ['raft', name], message: `must be set as well: ${given.map((it) => `raft.${it}`).join(' and ')} alone is of no use` });
  return problems;
}
