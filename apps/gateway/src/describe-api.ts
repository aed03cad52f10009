/** Says in the OpenAPI document what Nest cannot know: what the questions about the cluster are, and the data path in front of Nest. */
import { CONSISTENCIES } from '@muster/contracts';
import type { ApiDocument } from '@muster/observability';
import { DEFAULT_ROUTES } from './proxy/routes.js';

const REFUSALS = {
  502: { description: 'the member broke off before it answered; it may have acted' },
  503: { description: 'nobody can take the request now; Retry-After says when to come back' },
  504: { description: 'the member did not answer in time; it may have acted' },
};

export function describeApi(document: ApiDocument): void {
  Object.assign(document.paths, clusterPaths());
  for (const { prefix, target, methods, service, exact } of DEFAULT_ROUTES) {
    const below = exact === true ? [''] : ['', '/{path}'];
    for (const rest of below) {
      const operation = {
        summary: `Passed on to a healthy ${service}, as ${target}${rest}; X-Muster-Node names the member that answered.`,
        tags: ['data path'],
        ...(rest === '' ? {} : { parameters: [{ name: 'path', in: 'path', required: true, schema: { type: 'string' } }] }),
        responses: { 200: { description: 'what the member answered' }, ...REFUSALS },
      };
      const known = document.paths[prefix + rest] ?? {};
      document.paths[prefix + rest] = { ...known, ...Object.fromEntries(methods.map((method) => [method.toLowerCase(), operation])) };
    }
  }
}

/** The same questions as at a coordinator, whose own page describes the answers in full. */
function clusterPaths(): Record<string, object> {
  const consistency = query('consistency', 'How sure the answer is: what this gateway knows (the default), or what a coordinator says, who is asked then.', { type: 'string', enum: CONSISTENCIES });
  const id = { name: 'id', in: 'path', required: true, description: 'Name of a member.', schema: { type: 'string' } };
  const read = (summary: string, answer: string, parameters: readonly object[] = [], refusals: object = {}): object => ({ get: { summary, parameters, responses: { 200: { description: answer }, ...refusals, 503: { description: 'this gateway knows nothing yet, or no coordinator answers' } } } });
  const unknown = { 404: { description: 'no member has that name' } };
  return {
    '/cluster/status': read('The whole cluster as this gateway knows it, with the age of that.', 'members by name, quorum, leader, brakes', [consistency]),
    '/cluster/members': read('All known members, ordered by name.', 'the members', [consistency]),
    '/cluster/members/{id}': read('One member.', 'the member', [id, consistency], unknown),
    '/cluster/members/{id}/why': read('Why a member is what it is, as a coordinator says: the evidence, the probes, the last verdict.', 'the evidence', [id, consistency], unknown),
    '/cluster/events': read('What happened to members, in pages, as a coordinator has it.', 'a page of events', [query('format', '`json`: a gateway gives pages only.', { type: 'string', enum: ['json'] }, true), query('since', 'Index after which to begin.', { type: 'integer' }), query('limit', 'Changes on a page, 1 to 1000.', { type: 'integer' })], { 400: { description: 'format is not json' } }),
    '/cluster/watch': read('A snapshot, then every change and a pulse each second, as server-sent events.', 'messages, named by their kind'),
  };
}

const query = (name: string, description: string, schema: object, required = false): object => ({ name, in: 'query', required, description, schema });
