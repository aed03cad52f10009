/**
 * Makes a log record of a line: JSON objects are mapped field by field, anything else becomes the message.
 *
 * Takes the field names that common loggers write (pino, zap, logback, ECS and the like). Whatever is in the line, the result
 * is valid on the wire: what is too long is cut and marked `truncated`. Pure.
 */
import { LOG_FORMAT, type LogLevel, type LogRecord, serviceSchema } from '@muster/contracts';

export type MappedLine = Pick<LogRecord, 'timeUnixMs' | 'level' | 'service' | 'message' | 'attributes'>;

export interface LineContext {
  /** Time of records whose line names none. Milliseconds since 1970. */
  readonly nowUnixMs: number;
  /** Service of records whose line names none. */
  readonly service: string;
  /** True when the end of the line is missing. */
  readonly isCut: boolean;
}

const MESSAGE_CHARS_MAX = 32_768;
const ATTRIBUTES_MAX = 64;
const ATTRIBUTE_CHARS_MAX = 4096;
const ATTRIBUTE_DEPTH_MAX = 3;
const TIME_UNIX_MS_MAX = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

const TIME_KEYS = ['time', 'timestamp', '@timestamp', 'ts', 'date'];
const LEVEL_KEYS = ['level', 'severity', 'lvl', 'log.level', 'loglevel'];
const MESSAGE_KEYS = ['message', 'msg', 'log', 'event'];
const SERVICE_KEYS = ['service', 'service.name', 'app', 'application'];

/** Null for a line without content. */
export function mapLine(text: string, context: LineContext): MappedLine | null {
  const line = text.trimEnd();
  if (line.trim() === '') return null;
  const json = line.startsWith('{') ? parseObject(line) : null;
  return bounded(json === null ? plain(line, context) : structured(json, line, context), context.isCut);
}

function plain(line: string, context: LineContext): MappedLine {
  const word = /\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL)\b/.exec(line.slice(0, 120))?.[1];
  return { timeUnixMs: context.nowUnixMs, level: levelOf(word) ?? 'info', service: context.service, message: line, attributes: {} };
}

function structured(json: Record<string, unknown>, line: string, context: LineContext): MappedLine {
  const rest = new Map(Object.entries(json));
  const take = <T>(keys: readonly string[], read: (value: unknown) => T | undefined): T | undefined => {
    for (const key of keys) {
      const value = read(rest.get(key));
      if (value === undefined) continue;
      rest.delete(key);
      return value;
    }
    return undefined;
  };
  const timeUnixMs = take(TIME_KEYS, timeOf) ?? context.nowUnixMs;
  const level = take(LEVEL_KEYS, levelOf) ?? 'info';
  const service = take(SERVICE_KEYS, serviceOf) ?? context.service;
  const message = take(MESSAGE_KEYS, (value) => (typeof value === 'string' && value !== '' ? value : undefined)) ?? line;
  const attributes: LogRecord['attributes'] = {};
  for (const [key, value] of rest) addAttribute(attributes, key, value, 1);
  return { timeUnixMs, level, service, message, attributes };
}

/** Nested objects become dotted keys; what lies deeper than the limit, and lists, become JSON text. */
function addAttribute(into: LogRecord['attributes'], key: string, value: unknown, depth: number): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && depth < ATTRIBUTE_DEPTH_MAX) {
    for (const [name, inner] of Object.entries(value)) addAttribute(into, `${key}.${name}`, inner, depth + 1);
    return;
  }
  // The last place is kept for the mark that something is missing.
  if (Object.keys(into).length >= ATTRIBUTES_MAX - 1) {
    into['truncated'] = true;
    return;
  }
  const name = key.slice(0, 128);
  if (name === '' || name === '__proto__') return;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) into[name] = value;
  else into[name] = (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, ATTRIBUTE_CHARS_MAX);
}

function bounded(mapped: MappedLine, isCut: boolean): MappedLine {
  const isLong = mapped.message.length > MESSAGE_CHARS_MAX;
  const attributes = isLong || isCut ? { ...mapped.attributes, truncated: true } : mapped.attributes;
  const result = { ...mapped, message: isLong ? mapped.message.slice(0, MESSAGE_CHARS_MAX) : mapped.message, attributes };
  // 2 KiB is more than the fields around message and attributes take.
  const fits = Buffer.byteLength(JSON.stringify(result)) <= LOG_FORMAT.bytesMax - 2048;
  return fits ? result : { ...result, attributes: { truncated: true } };
}

function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function levelOf(value: unknown): LogLevel | undefined {
  if (typeof value === 'number') return numericLevel(value);
  if (typeof value !== 'string') return undefined;
  switch (value.toLowerCase()) {
    case 'trace':
    case 'verbose':
    case 'silly':
      return 'trace';
    case 'debug':
      return 'debug';
    case 'info':
    case 'information':
    case 'notice':
      return 'info';
    case 'warn':
    case 'warning':
      return 'warn';
    case 'error':
    case 'err':
    case 'severe':
      return 'error';
    case 'fatal':
    case 'critical':
    case 'crit':
    case 'panic':
    case 'alert':
    case 'emerg':
    case 'emergency':
      return 'fatal';
    default:
      return undefined;
  }
}

/** As pino and bunyan count: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal. */
function numericLevel(value: number): LogLevel | undefined {
  if (!(value >= 10 && value <= 100)) return undefined;
  const levels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
  return levels[Math.min(5, Math.floor(value / 10) - 1)];
}

/** ISO 8601, or a number in seconds, milliseconds, microseconds or nanoseconds: told apart by its size. */
function timeOf(value: unknown): number | undefined {
  let unixMs = Number.NaN;
  if (typeof value === 'string') unixMs = Date.parse(value);
  else if (typeof value === 'number') unixMs = value < 1e11 ? value * 1000 : value < 1e14 ? value : value < 1e17 ? value / 1e3 : value / 1e6;
  const rounded = Math.floor(unixMs);
  return rounded >= 0 && rounded <= TIME_UNIX_MS_MAX ? rounded : undefined;
}

function serviceOf(value: unknown): string | undefined {
  const parsed = serviceSchema.safeParse(typeof value === 'string' ? value.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-') : value);
  return parsed.success ? parsed.data : undefined;
}
