/** A log record: what producers take in or make up, and consumers store. Topic `logs.records`, key `source`. */
import { z } from 'zod';
import { decode, type Decoded, encode, type Format } from './decoded.js';
import { serviceSchema } from './identity.js';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export const logLevelSchema = z.enum(LOG_LEVELS);
export type LogLevel = z.infer<typeof logLevelSchema>;

/** What a client posts; the producer adds what is missing. */
export const logInputSchema = z.strictObject({
  /** Client's own id, which makes a repeated post harmless. UUID; made by the producer when absent. */
  id: z.uuid().optional(),
  /** When it happened, ISO 8601 with zone; the time of arrival when absent. */
  time: z.iso.datetime({ offset: true }).optional(),
  level: logLevelSchema,
  service: serviceSchema,
  /** Where it came from (host, pod, file); orders records among themselves. Default: the service. */
  source: z.string().min(1).max(256).optional(),
  message: z.string().min(1).max(32_768),
  attributes: z.record(z.string().min(1).max(128), z.union([z.string().max(4096), z.number(), z.boolean(), z.null()])).optional(),
});
export type LogInput = z.infer<typeof logInputSchema>;

export const logRecordSchema = z.object({
  v: z.literal(1),
  /** Unique for ever: storing it twice stores it once. */
  id: z.uuid(),
  timeUnixMs: z.int().min(0),
  level: logLevelSchema,
  service: serviceSchema,
  source: z.string().min(1).max(256),
  /** The producer that took it in. */
  producerId: z.string().min(1).max(128),
  message: z.string().min(1).max(32_768),
  attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type LogRecord = z.infer<typeof logRecordSchema>;

/** Attributes are bounded by the bytes of the whole record alone; `encodeLog` throws `BUS_RECORD_TOO_LARGE`. */
export const LOG_FORMAT: Format<LogRecord> = { name: 'log record', version: 1, schema: logRecordSchema, bytesMax: 262_144 };
export const LOG_INPUT_FORMAT: Format<LogInput> = { name: 'log input', version: 1, schema: logInputSchema, bytesMax: 262_144 };
export const encodeLog = (record: LogRecord): Uint8Array => encode(LOG_FORMAT, record);
export const decodeLog = (bytes: Uint8Array): Decoded<LogRecord> => decode(LOG_FORMAT, bytes);
