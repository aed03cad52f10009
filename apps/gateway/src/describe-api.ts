/** Says in the OpenAPI document what Nest cannot know: the data path in front of it. */
import type { ApiDocument } from '@muster/observability';
import { DEFAULT_ROUTES } from './proxy/routes.js';

const REFUSALS = {
  502: { description: 'the member broke off before it answered; it may have acted' },
  503: { description: 'nobody can take the request now; Retry-After says when to come back' },
  504: { description: 'the member did not answer in time; it may have acted' },
};

export function describeApi(document: ApiDocument): void {
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
