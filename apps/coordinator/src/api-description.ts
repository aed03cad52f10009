/** What Nest cannot know of the coordinator's API, for `/docs`. Loaded when the document is first asked for. */
import { beatSchema, beatsResponseSchema, clusterEventSchema, clusterStatusSchema, errorBodySchema, knownIncarnationSchema, memberStatusViewSchema, OPERATOR_ORDERS, type OperatorOrder, operatorRequestSchema, operatorResultSchema, watchMessageSchema, whySchema } from '@muster/contracts';
import type { ApiDocument } from '@muster/observability';
import { z } from 'zod';

const ORDERS: Readonly<Record<OperatorOrder, string>> = {
  cordon: 'No new work for the node, this boot and the next ones, until it is uncordoned.',
  uncordon: 'Takes back cordon and drain.',
  drain: 'No new work for this process: it finishes what it has, and may be stopped then.',
  evict: 'Declares the process DOWN for good; only a new boot of the node joins again.',
};

export function describeCoordinatorApi(document: ApiDocument): void {
  const error = json('What was wrong, and what to do.', errorBodySchema);
  const nodeId = { name: 'nodeId', in: 'path', required: true, schema: { type: 'string' } };
  Object.assign(document.paths, {
    '/cluster/status': { get: { summary: 'The agreed membership, with health score and suspicion as seen now.', responses: { 200: json('the cluster', clusterStatusSchema) } } },
    '/cluster/members': { get: { summary: 'All known members, ordered by name.', responses: { 200: json('the members', z.object({ members: z.array(memberStatusViewSchema) })) } } },
    '/cluster/members/{nodeId}': { get: { summary: 'One member.', parameters: [nodeId], responses: { 200: json('the member', memberStatusViewSchema), 404: error } } },
    '/cluster/members/{nodeId}/why': { get: { summary: 'Why a member is what it is: the evidence, the probes, the last verdict, and what holds a verdict back.', parameters: [nodeId], responses: { 200: json('the evidence', whySchema), 404: error } } },
    ...Object.fromEntries(
      OPERATOR_ORDERS.map((order) => [
        `/cluster/members/{nodeId}/${order}`,
        {
          post: {
            summary: ORDERS[order],
            parameters: [nodeId],
            requestBody: { required: true, content: { 'application/json': { schema: schemaOf(operatorRequestSchema) } } },
            responses: { 200: json('the member as it is now, and the index of the change', operatorResultSchema), 400: error, 404: error, 409: error, 503: error },
          },
        },
      ]),
    ),
    '/cluster/incarnations/{nodeId}': { get: { summary: 'The incarnation known of a node; null when there is none.', parameters: [nodeId], responses: { 200: json('the incarnation', knownIncarnationSchema), 400: error } } },
    '/cluster/beats': {
      post: {
        summary: 'Takes 1 to 1000 beats; one result per beat, in order.',
        requestBody: { required: true, content: { 'application/json': { schema: { type: 'array', minItems: 1, maxItems: 1000, items: schemaOf(beatSchema) } } } },
        responses: { 200: json('what became of each', beatsResponseSchema), 400: error },
      },
    },
    '/cluster/events': {
      get: {
        summary: 'What happened to members, and brakes, as server-sent events; a page of them with format=json.',
        parameters: [query('since', 'Index after which to begin; the header Last-Event-ID does the same.', 'integer'), query('format', '`json` for a page instead of a stream.', 'string'), query('limit', 'Changes on a page, 1 to 1000; changes that were agreed together are never cut.', 'integer')],
        responses: { 200: { description: 'events; the last one of each log entry has its index as id; `gap` before them when some that were asked for are no longer kept', content: { 'text/event-stream': { schema: schemaOf(clusterEventSchema) } } }, 400: error, 503: error },
      },
    },
    '/cluster/watch': {
      get: { summary: 'A snapshot, then every change, and a pulse each second.', responses: { 200: { description: 'messages, named by their kind', content: { 'text/event-stream': { schema: schemaOf(watchMessageSchema) } } }, 503: error } },
    },
  });
}

const schemaOf = (schema: z.ZodType): object => z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' });
const json = (description: string, schema: z.ZodType): object => ({ description, content: { 'application/json': { schema: schemaOf(schema) } } });
const query = (name: string, description: string, type: string): object => ({ name, in: 'query', required: false, description, schema: { type } });
