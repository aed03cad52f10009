/** What a list of records may be asked for, and a message that names every value that makes no sense. Pure. */
import { BRAKE_STEPS, LOG_LEVELS, type LogLevel, MEMBER_STATUSES, nodeIdSchema, serviceSchema } from '@muster/contracts';
import { z } from 'zod';
import { type Cursor, decodeCursor } from './cursor.js';

export const LIMIT_DEFAULT = 100;
export const LIMIT_MAX = 1000;
/** What an event can be found by: the status after a transition, or what else happened. */
export const EVENT_STATUSES: readonly string[] = [...MEMBER_STATUSES, 'UPDATED', ...BRAKE_STEPS.map((step) => `BRAKE_${step.toUpperCase()}`)];
const TEXT_CHARS_MAX = 200;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export type Parsed<T> = { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'rejected'; readonly reason: string };

const instant = z.iso.datetime({ offset: true, error: 'must be a time with zone such as 2026-01-02T03:04:05Z ("+" is written %2B in a URL)' }).transform((text) => new Date(text));
const oneOf = <T extends string>(words: readonly T[]) =>
  z
    .string()
    .transform((text) => text.split(',').map((word) => word.trim()))
    .pipe(z.array(z.enum(words as readonly [T, ...T[]], { error: `must be one or several of ${words.join(',')}` })).min(1));
const limit = z
  .string()
  .regex(/^\d{1,6}$/, `must be a whole number from 1 to ${LIMIT_MAX}`)
  .transform(Number)
  .pipe(z.number().min(1, `must be from 1 to ${LIMIT_MAX}`).max(LIMIT_MAX, `must be from 1 to ${LIMIT_MAX}`))
  .default(LIMIT_DEFAULT);

const cursor = (isId: (id: string) => boolean) =>
  z.string().transform((text, context): Cursor => {
    const decoded = decodeCursor(text);
    if (decoded !== null && isId(decoded.id)) return decoded;
    context.addIssue({ code: 'custom', message: 'must be the nextCursor of a former answer' });
    return z.NEVER;
  });

const range = { from: instant.optional(), to: instant.optional() };
const inOrder = ({ from, to }: { from?: Date | undefined; to?: Date | undefined }): boolean => from === undefined || to === undefined || from < to;
const ORDER = { message: 'must be before to', path: ['from'] };

const logFilter = {
  ...range,
  level: oneOf(LOG_LEVELS).optional(),
  service: serviceSchema.optional(),
  q: z.string().min(1, 'must not be empty').max(TEXT_CHARS_MAX, `must have at most ${TEXT_CHARS_MAX} characters`).optional(),
};
const logCount = z.strictObject(logFilter).refine(inOrder, ORDER);
const logList = z.strictObject({ ...logFilter, limit, cursor: cursor((id) => UUID.test(id)).optional() }).refine(inOrder, ORDER);
const eventList = z
  .strictObject({ ...range, nodeId: nodeIdSchema.optional(), status: oneOf(EVENT_STATUSES).optional(), limit, cursor: cursor((id) => id.length <= 512).optional() })
  .refine(inOrder, ORDER);

export interface LogFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly level?: readonly LogLevel[] | undefined;
  readonly service?: string | undefined;
  /** Text that the message contains, upper and lower case alike. */
  readonly q?: string | undefined;
}
export interface Page {
  readonly limit: number;
  readonly cursor?: Cursor | undefined;
}
export interface EventFilter {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly nodeId?: string | undefined;
  /** See `EVENT_STATUSES`. */
  readonly status?: readonly string[] | undefined;
}

export const parseLogFilter = (query: unknown): Parsed<LogFilter> => parse(logCount, query);
export const parseLogPage = (query: unknown): Parsed<LogFilter & Page> => parse(logList, query);
export const parseEventPage = (query: unknown): Parsed<EventFilter & Page> => parse(eventList, query);

function parse<T>(schema: z.ZodType<T>, query: unknown): Parsed<T> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return { kind: 'ok', value: parsed.data };
  return { kind: 'rejected', reason: parsed.error.issues.map((issue) => describe(issue, query)).join('; ') };
}

function describe(issue: z.core.$ZodIssue, query: unknown): string {
  if (issue.code === 'unrecognized_keys') return `${issue.keys.join(', ')}: is not a parameter of this query`;
  const name = String(issue.path[0] ?? 'query');
  const value: unknown = typeof query === 'object' && query !== null ? Reflect.get(query, name) : undefined;
  if (Array.isArray(value)) return `${name}: is given ${value.length} times: give it once`;
  const text = JSON.stringify(value) ?? 'missing';
  return `${name}: is ${text.length > 80 ? `${text.slice(0, 80)}…` : text}: ${issue.message}`;
}
