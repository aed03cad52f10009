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
  snapshotEntries: z.int().min(10).max(1_000_000).default(2000).meta({ doc: 'Log entries after which the state is saved and the log cut.', unit: 'count', range: '10 to 1000000', raising: 'Fewer writes of the whole state; a restart replays more.' }),
});

export const coordinatorSchema = z.strictObject({
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
export type CoordinatorConfig = z.output<typeof coordinatorSchema>;
