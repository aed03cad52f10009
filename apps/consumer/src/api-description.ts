/** What Nest cannot know of the consumer's API, for `/docs`: parameters and answers. Loaded when the document is first asked for. */
import { LOG_LEVELS } from '@muster/contracts';
import type { ApiDocument } from '@muster/observability';
import { EVENT_STATUSES, LIMIT_DEFAULT, LIMIT_MAX } from './query/filters.js';

const parameter = (name: string, description: string): object => ({ name, in: 'query', required: false, description, schema: { type: 'string' } });

const TIMES = [parameter('from', 'ISO 8601 with zone; from this moment on'), parameter('to', 'ISO 8601 with zone; before this moment')];
const LOG_FILTERS = [...TIMES, parameter('level', `One or several of ${LOG_LEVELS.join(',')}`), parameter('service', 'Service that wrote the record'), parameter('q', 'Text that the message contains')];
const PAGE = [parameter('limit', `Items per page, 1 to ${LIMIT_MAX}, default ${LIMIT_DEFAULT}`), parameter('cursor', '`nextCursor` of the page before')];
const EVENT_FILTERS = [...TIMES, parameter('nodeId', 'Member that the event is about'), parameter('status', `One or several of ${EVENT_STATUSES.join(',')}`)];

const get = (summary: string, parameters: readonly object[]): object => ({
  get: {
    summary,
    parameters,
    responses: { 200: { description: 'found' }, 400: { description: 'A parameter makes no sense; it is named with its value.' }, 503: { description: 'The database is away, or the query took too long.' } },
  },
});

export function describeConsumerApi(document: ApiDocument): void {
  document.paths['/logs'] = get('Stored log records, newest first, in pages.', [...LOG_FILTERS, ...PAGE]);
  document.paths['/logs/count'] = get('How many stored log records match.', LOG_FILTERS);
  document.paths['/events'] = get('Stored events of members and brakes (CloudEvents), newest first, in pages.', [...EVENT_FILTERS, ...PAGE]);
  document.paths['/stats'] = get('Records stored since the start, lag, partitions and the state of the database.', []);
}
