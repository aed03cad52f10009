/**
 * Turns the body of `POST /logs` into records, all of it or nothing.
 *
 * Decides what is accepted and fills in what a client may leave out; names the first items at fault by index, field
 * and value. Publishes nothing.
 */
import { LOG_FORMAT, type LogInput, logInputSchema, type LogRecord } from '@muster/contracts';
import type { z } from 'zod';

/** Most records that one request may carry. */
export const ITEMS_MAX = 1000;
const PROBLEMS_SHOWN_MAX = 5;
const VALUE_CHARS_SHOWN_MAX = 60;

export interface IntakeContext {
  /** Time of arrival. Milliseconds since 1970. */
  readonly nowUnixMs: number;
  readonly producerId: string;
  readonly newId: () => string;
}

export type Intake = { readonly kind: 'accepted'; readonly records: readonly LogRecord[] } | { readonly kind: 'rejected'; readonly reason: string };

export function takeIn(body: unknown, context: IntakeContext): Intake {
  const items: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (items.length === 0) return rejected('the array is empty: send 1 to 1000 records');
  if (items.length > ITEMS_MAX) return rejected(`the array has ${items.length} records: send at most ${ITEMS_MAX} per request`);
  const records: LogRecord[] = [];
  const problems: string[] = [];
  for (const [index, item] of items.entries()) {
    const parsed = logInputSchema.safeParse(item);
    const where = Array.isArray(body) ? `[${index}]` : '';
    const record = parsed.success ? recordOf(parsed.data, context) : null;
    if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => describe(where, item, issue)));
    else if (record === null) problems.push(`${where}${where === '' ? '' : '.'}time: is ${show(parsed.data.time)}: must lie between 1970 and 9999`);
    else if (tooLarge(record)) problems.push(`${where || 'the record'}: takes more than ${LOG_FORMAT.bytesMax} bytes as JSON: shorten its attributes`);
    else records.push(record);
    if (problems.length > PROBLEMS_SHOWN_MAX) break;
  }
  if (problems.length === 0) return { kind: 'accepted', records };
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).join('; ');
  return rejected(`nothing was accepted: ${shown}${problems.length > PROBLEMS_SHOWN_MAX ? '; and more' : ''}`);
}

const rejected = (reason: string): Intake => ({ kind: 'rejected', reason });

const TIME_UNIX_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function recordOf(input: LogInput, context: IntakeContext): LogRecord | null {
  const timeUnixMs = input.time === undefined ? context.nowUnixMs : Date.parse(input.time);
  if (!(timeUnixMs >= 0 && timeUnixMs <= TIME_UNIX_MS_MAX)) return null;
  return {
    v: 1,
    id: input.id?.toLowerCase() ?? context.newId(),
    timeUnixMs,
    level: input.level,
    service: input.service,
    source: input.source ?? input.service,
    producerId: context.producerId,
    message: input.message,
    attributes: input.attributes ?? {},
  };
}

/** Cheap bound first: only a record that might be too large is measured. */
function tooLarge(record: LogRecord): boolean {
  let chars = record.message.length;
  for (const [key, value] of Object.entries(record.attributes)) chars += key.length + (typeof value === 'string' ? value.length : 24) + 8;
  return chars * 6 > LOG_FORMAT.bytesMax - 2048 && Buffer.byteLength(JSON.stringify(record)) > LOG_FORMAT.bytesMax;
}

function describe(where: string, item: unknown, issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String);
  const name = [...(where === '' ? [] : [where]), ...path].join('.') || '(body)';
  let value: unknown = item;
  for (const key of issue.path) value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return `${name}: is ${show(value)}: ${issue.message}`;
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const text = JSON.stringify(value);
  return text.length > VALUE_CHARS_SHOWN_MAX ? `${text.slice(0, VALUE_CHARS_SHOWN_MAX)}… (${text.length} characters)` : text;
}
