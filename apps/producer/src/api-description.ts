/** What Nest cannot know of the producer's API, for `/docs`: bodies and answers. Loaded when the document is first asked for. */
import { logInputSchema } from '@muster/contracts';
import type { ApiDocument } from '@muster/observability';
import { z } from 'zod';
import { ITEMS_MAX } from './intake/log-input.js';

export function describeProducerApi(document: ApiDocument): void {
  const item = z.toJSONSchema(logInputSchema, { target: 'openapi-3.0', io: 'input' });
  const schema = { oneOf: [item, { type: 'array', minItems: 1, maxItems: ITEMS_MAX, items: item }] };
  document.paths['/logs'] = {
    post: {
      summary: 'Take log records in: all or none. 202 means that the bus has them.',
      requestBody: { required: true, content: { 'application/json': { schema } } },
      responses: {
        202: { description: 'The bus has every record; `ids` in the order of the request.' },
        400: { description: 'A record is at fault, named by index, field and value; nothing was accepted.' },
        413: { description: 'The body or a record is too large.' },
        503: { description: 'The bus is away or full: nothing was stored; try again after Retry-After.' },
        504: { description: 'The bus did not answer in time: it may or may not have stored the records; send them again with ids of their own.' },
      },
    },
  };
  document.paths['/stats'] = { get: { summary: 'Records made, acknowledged and failed since the start.', responses: { 200: { description: 'counts' } } } };
}
