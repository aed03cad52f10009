/**
 * What coordinators tell each other and operators about their Raft group over HTTP: who they are, who belongs, who wants to.
 *
 * `raftUrl` is `raft://host:port`, where a member's Raft port listens. Addresses are announced, never identity: that is node id and store id.
 */
import { z } from 'zod';
import { nodeIdSchema, urlSchema } from './identity.js';

export const RAFT_URL = /^raft:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;
export const raftUrlSchema = z.string().regex(RAFT_URL, 'must be raft://host:port').max(512);

/** Made when the data folder is made: a wiped disk is another member. */
export const storeIdSchema = z.uuid();
export const clusterIdSchema = z.uuid();

/**
 * `forming`: waits until all expected coordinators agree on the first members; `joining`: waits to be taken into a group that exists;
 * `removed`: was taken out of the group for good; `shutdown`: has stopped. The others are Raft's roles.
 */
export const RAFT_STATES = ['forming', 'joining', 'follower', 'candidate', 'leader', 'removed', 'shutdown'] as const;
export const raftStateSchema = z.enum(RAFT_STATES);
export type RaftState = z.infer<typeof raftStateSchema>;

export const raftPeerSchema = z.object({
  nodeId: nodeIdSchema,
  storeId: storeIdSchema,
  httpUrl: urlSchema,
  raftUrl: raftUrlSchema,
  /** False for a learner, which receives the log and has no vote. */
  voter: z.boolean(),
  /** Highest entry that it is known to hold; null where only the leader knows. */
  matchIndex: z.int().min(0).nullable(),
  /** Time since its last word to whoever answers; null when it never spoke, or there is no connection between the two. Milliseconds. */
  silentMs: z.number().min(0).nullable(),
  /** Round trip of a heartbeat, smoothed; null where only the leader knows. Milliseconds. */
  rttMs: z.number().min(0).nullable(),
});
export type RaftPeer = z.infer<typeof raftPeerSchema>;

/** What `GET /raft/status` answers. */
export const raftStatusSchema = z.object({
  cluster: z.string(),
  nodeId: nodeIdSchema,
  storeId: storeIdSchema,
  /** Null until the group is formed or joined. */
  clusterId: clusterIdSchema.nullable(),
  state: raftStateSchema,
  /** In words, what is waited for or wrong; empty when all is well. */
  detail: z.string(),
  term: z.int().min(0),
  leaderId: nodeIdSchema.nullable(),
  commitIndex: z.int().min(0),
  appliedIndex: z.int().min(0),
  lastIndex: z.int().min(0),
  snapshotIndex: z.int().min(0),
  hasQuorum: z.boolean(),
  /** How old what is known here may be: a leader's time since a majority answered, a follower's since its leader spoke; null when neither ever did. Milliseconds. */
  contactAgeMs: z.number().min(0).nullable(),
  /** Members, ourselves among them, by node id. */
  peers: z.array(raftPeerSchema),
});
export type RaftStatus = z.infer<typeof raftStatusSchema>;

/** Members sorted by node id, with the addresses that they begin with. In a later round something is promised that an earlier one excludes. */
export const foundingPromiseSchema = z.object({
  round: z.int().min(0),
  members: z.array(z.object({ nodeId: nodeIdSchema, storeId: storeIdSchema, httpUrl: urlSchema, raftUrl: raftUrlSchema })).min(1).max(7),
});
export type FoundingPromise = z.infer<typeof foundingPromiseSchema>;

/**
 * What `GET /raft/introduction?nonce=N` answers: all that another coordinator needs to form a group with us, or to join ours. The header
 * `x-muster-signature` holds the HMAC-SHA-256 of nonce and body under the secret of the cluster.
 */
export const raftIntroductionSchema = z.object({
  cluster: z.string(),
  nodeId: nodeIdSchema,
  storeId: storeIdSchema,
  clusterId: clusterIdSchema.nullable(),
  httpUrl: urlSchema,
  raftUrl: raftUrlSchema,
  /** Coordinators that have to agree before a group is formed. Count. */
  expect: z.int().min(1).max(7),
  /** The first members with which we promise to found the group, and no others while they can; null while we do not see all of them. */
  promise: foundingPromiseSchema.nullable(),
  leaderId: nodeIdSchema.nullable(),
  leaderHttpUrl: urlSchema.nullable(),
});
export type RaftIntroduction = z.infer<typeof raftIntroductionSchema>;

/** What `GET /raft/join-nonce` answers, in the words of the leader: what the next `POST /raft/join` is to be signed over, good once and for seconds. */
export const raftJoinNonceSchema = z.object({ nonce: z.string().regex(/^[0-9a-z-]{16,160}$/) });
export type RaftJoinNonce = z.infer<typeof raftJoinNonceSchema>;

/**
 * `POST /raft/join`: a coordinator asks to be taken in. Signed like an introduction, over a nonce of the leader, which comes along in the header
 * `x-muster-nonce`. Any member takes it and passes it to the leader.
 */
export const raftJoinSchema = z.strictObject({ cluster: z.string(), nodeId: nodeIdSchema, storeId: storeIdSchema, httpUrl: urlSchema, raftUrl: raftUrlSchema });
export type RaftJoin = z.infer<typeof raftJoinSchema>;
export const raftJoinAnswerSchema = z.object({ clusterId: clusterIdSchema, peers: z.array(raftPeerSchema.pick({ nodeId: true, storeId: true, httpUrl: true, raftUrl: true, voter: true })) });
export type RaftJoinAnswer = z.infer<typeof raftJoinAnswerSchema>;

/** How sure a reader wants to be: whatever is known here, what the leader knows, or nothing that anybody was told before may be missing. */
export const CONSISTENCIES = ['stale', 'leader', 'linearizable'] as const;
export const consistencySchema = z.enum(CONSISTENCIES);
export type Consistency = z.infer<typeof consistencySchema>;

/** On every answer about the cluster: the log index, term and age that it stands for, and who gave it. */
export const READ_HEADERS = { index: 'x-muster-index', term: 'x-muster-term', ageMs: 'x-muster-age-ms', servedBy: 'x-muster-served-by' } as const;
/** On a request that a coordinator passed on for another: it is not passed on again. */
export const FORWARDED_HEADER = 'x-muster-forwarded-by';
export const SIGNATURE_HEADER = 'x-muster-signature';
export const NONCE_HEADER = 'x-muster-nonce';

/** `POST /raft/transfer`: who shall lead; nobody in particular for the voter that is furthest. */
export const raftTransferSchema = z.strictObject({ to: nodeIdSchema.optional() });
export const raftTransferAnswerSchema = z.object({
  from: nodeIdSchema,
  leaderId: nodeIdSchema,
  /** From the request at the old leader to the word of the new one. Milliseconds. */
  tookMs: z.number().min(0),
});
export type RaftTransferAnswer = z.infer<typeof raftTransferAnswerSchema>;

export const SAVED_STATE_FORMAT = 'muster-snapshot';
/** What `GET /raft/snapshot` gives and `POST /raft/restore` takes back: the agreed state at one index of the log. */
export const savedStateSchema = z.object({
  format: z.literal(SAVED_STATE_FORMAT),
  v: z.literal(1),
  cluster: z.string(),
  clusterId: clusterIdSchema.nullable(),
  index: z.int().min(0),
  term: z.int().min(0),
  savedAtUnixMs: z.int().min(0),
  savedBy: nodeIdSchema,
  /** SHA-256 of the JSON of `state`. Hex. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  state: z.looseObject({ v: z.int(), members: z.array(z.looseObject({})) }),
});
export type SavedState = z.infer<typeof savedStateSchema>;

/** `POST /raft/restore`. `confirm`: the name of the cluster whose state is replaced. */
export const raftRestoreSchema = z.strictObject({ confirm: z.string().max(64).default(''), snapshot: savedStateSchema });
export const raftRestoreAnswerSchema = z.object({ index: z.int().min(0), term: z.int().min(0), members: z.int().min(0) });
export type RaftRestoreAnswer = z.infer<typeof raftRestoreAnswerSchema>;
