/** What Nest cannot know of the coordinator's API, for `/docs`. Loaded when the document is first asked for. */
import { beatSchema, beatsResponseSchema, clusterEventSchema, clusterStatusSchema, CONSISTENCIES, errorBodySchema, knownIncarnationSchema, memberStatusViewSchema, NONCE_HEADER, OPERATOR_ORDERS, type OperatorOrder, operatorRequestSchema, operatorResultSchema, raftIntroductionSchema, raftJoinAnswerSchema, raftJoinNonceSchema, raftJoinSchema, raftPeerSchema, raftRestoreAnswerSchema, raftRestoreSchema, raftStatusSchema, raftTransferAnswerSchema, raftTransferSchema, READ_HEADERS, savedStateSchema, SIGNATURE_HEADER, watchMessageSchema, whySchema } from '@muster/contracts';
import type { ApiDocument } from '@muster/observability';
import { z } from 'zod';

const ORDERS: Readonly<Record<OperatorOrder, string>> = {
  cordon: 'No new work for the node, this boot and the next ones, until it is uncordoned.',
  uncordon: 'Takes back cordon and drain.',
  drain: 'No new work for this process: it finishes what it has, and may be stopped then.',
  evict: 'Declares the process DOWN for good; only a new boot of the node joins again.',
};

export function describeCoordinatorApi(document: ApiDocument): void {
  document.components = { ...document.components, securitySchemes: { clusterSecret: { type: 'http', scheme: 'bearer', description: 'cluster.secret' } } };
  const error = json('What was wrong, and what to do.', errorBodySchema);
  const surely = { name: 'consistency', in: 'query', required: false, description: 'How sure the answer is: what is known here, what the leader knows, or nothing missing that anybody was told before.', schema: { type: 'string', enum: CONSISTENCIES } };
  const nodeId = { name: 'nodeId', in: 'path', required: true, schema: { type: 'string' } };
  Object.assign(document.paths, {
    '/cluster/status': { get: { summary: 'The agreed membership, with health score and suspicion as seen now.', parameters: [surely], responses: { 200: read('the cluster', clusterStatusSchema), 503: error } } },
    '/cluster/members': { get: { summary: 'All known members, ordered by name.', parameters: [surely], responses: { 200: read('the members', z.object({ members: z.array(memberStatusViewSchema) })), 503: error } } },
    '/cluster/members/{nodeId}': { get: { summary: 'One member.', parameters: [nodeId, surely], responses: { 200: read('the member', memberStatusViewSchema), 404: error, 503: error } } },
    '/cluster/members/{nodeId}/why': { get: { summary: 'Why a member is what it is: the evidence, the probes, the last verdict, and what holds a verdict back.', parameters: [nodeId, surely], responses: { 200: read('the evidence', whySchema), 404: error, 503: error } } },
    ...Object.fromEntries(
      OPERATOR_ORDERS.map((order) => [
        `/cluster/members/{nodeId}/${order}`,
        {
          post: {
            summary: ORDERS[order],
            parameters: [nodeId],
            requestBody: body(operatorRequestSchema),
            responses: { 200: json('the member as it is now, and the index of the change', operatorResultSchema), 400: error, 404: error, 409: error, 503: error },
          },
        },
      ]),
    ),
    '/cluster/incarnations/{nodeId}': { get: { summary: 'The incarnation known of a node; null when there is none.', parameters: [nodeId], responses: { 200: json('the incarnation', knownIncarnationSchema), 400: error } } },
    '/cluster/beats': {
      post: {
        summary: 'Takes 1 to 1000 beats at any coordinator; one result per beat, in order.',
        requestBody: { required: true, content: { 'application/json': { schema: { type: 'array', minItems: 1, maxItems: 1000, items: schemaOf(beatSchema) } } } },
        responses: { 200: json('what became of each', beatsResponseSchema), 400: error },
      },
    },
    '/cluster/events': {
      get: {
        summary: 'What happened to members, and brakes, as server-sent events; a page of them with format=json.',
        parameters: [query('since', 'Index after which to begin; the header Last-Event-ID does the same.', 'integer'), query('format', '`json` for a page instead of a stream.', 'string'), query('limit', 'Changes on a page, 1 to 1000; changes that were agreed together are never cut.', 'integer'), { ...surely, description: `${surely.description} With format=json only.` }],
        responses: { 200: { description: 'events; the last one of each log entry has its index as id; `gap` before them when some that were asked for are no longer kept', content: { 'text/event-stream': { schema: schemaOf(clusterEventSchema) } } }, 400: error, 503: error },
      },
    },
    '/cluster/watch': {
      get: { summary: 'A snapshot, then every change, and a pulse each second and whenever quorum or leader change.', responses: { 200: { description: 'messages, named by their kind', content: { 'text/event-stream': { schema: schemaOf(watchMessageSchema) } } }, 503: error } },
    },
    ...raftPaths(error, nodeId, surely),
  });
}

function raftPaths(error: object, nodeId: object, surely: object): Record<string, object> {
  const status = raftStatusSchema;
  const refusals = { 400: error, 401: error, 403: error, 409: error, 503: error };
  const operator = { security: [{ clusterSecret: [] }] };
  return {
    '/raft/status': { get: { summary: 'The Raft group as this coordinator knows it.', parameters: [surely], responses: { 200: read('its state, who leads, who belongs', status), 503: error } } },
    '/raft/peers': {
      get: { summary: 'The members of the group.', parameters: [surely], responses: { 200: read('the members', z.object({ peers: z.array(raftPeerSchema) })), 503: error } },
      post: { ...operator, summary: 'Takes a coordinator in. It gets a vote when it has caught up.', requestBody: body(raftJoinSchema), responses: { 200: json('the group then', status), ...refusals } },
    },
    '/raft/peers/{nodeId}': { delete: { ...operator, summary: 'Removes a coordinator for good: its store is never taken back.', parameters: [nodeId], responses: { 200: json('the group then', status), ...refusals, 404: error } } },
    '/raft/peers/{nodeId}/replace': { post: { ...operator, summary: 'Puts a coordinator in the place of another, in one step.', parameters: [nodeId], requestBody: body(raftJoinSchema), responses: { 200: json('the group then', status), ...refusals, 404: error } } },
    '/raft/transfer': { post: { ...operator, summary: 'Hands leadership over.', requestBody: body(raftTransferSchema), responses: { 200: json('who leads, and how long that took', raftTransferAnswerSchema), ...refusals, 404: error } } },
    '/raft/snapshot': {
      get: { summary: 'The agreed state as a document to be kept; linearizable unless asked otherwise.', parameters: [surely], responses: { 200: read('the state', savedStateSchema), 503: error } },
      post: { ...operator, summary: 'Makes a snapshot of the store of this coordinator, and cuts its log.', responses: { 200: json('its index', z.object({ nodeId: z.string(), index: z.int() })), 401: error, 403: error, 503: error } },
    },
    '/raft/restore': { post: { ...operator, summary: 'Puts a saved state in place of what is agreed, at all coordinators.', requestBody: body(raftRestoreSchema), responses: { 200: json('the entry that did it', raftRestoreAnswerSchema), ...refusals } } },
    '/raft/introduction': { get: { summary: `Who this coordinator is, for others; signed in the header ${SIGNATURE_HEADER}.`, parameters: [query('nonce', '8 to 128 letters, digits, "_" or "-", others each time.', 'string')], responses: { 200: json('who it is', raftIntroductionSchema), 400: error } } },
    '/raft/join-nonce': { get: { summary: 'What the next request to join is to be signed over; good once and for seconds, at the leader that gave it.', responses: { 200: json('a nonce of the leader', raftJoinNonceSchema), 503: error } } },
    '/raft/join': { post: { summary: `A coordinator asks to be taken in; signed with the secret of the cluster over a nonce of the leader, in the headers ${SIGNATURE_HEADER} and ${NONCE_HEADER}.`, requestBody: body(raftJoinSchema), responses: { 200: json('the group that it belongs to now', raftJoinAnswerSchema), 400: error, 401: error, 409: error, 503: error } } },
  };
}

/** What every answer about the cluster says of itself. */
const STAMPS = {
  [READ_HEADERS.index]: { description: 'Everything up to this index of the log is in the answer.', schema: { type: 'integer' } },
  [READ_HEADERS.term]: { description: 'Term of the group.', schema: { type: 'integer' } },
  [READ_HEADERS.ageMs]: { description: 'Time since the answer was surely true; absent when it never was known to be. Milliseconds.', schema: { type: 'integer' } },
  [READ_HEADERS.servedBy]: { description: 'The coordinator that answered.', schema: { type: 'string' } },
};

const read = (description: string, schema: z.ZodType): object => ({ ...json(description, schema), headers: STAMPS });
const body = (schema: z.ZodType): object => ({ required: true, content: { 'application/json': { schema: schemaOf(schema) } } });
const schemaOf = (schema: z.ZodType): object => z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' });
const json = (description: string, schema: z.ZodType): object => ({ description, content: { 'application/json': { schema: schemaOf(schema) } } });
const query = (name: string, description: string, type: string): object => ({ name, in: 'query', required: false, description, schema: { type } });
