/** What comes out of decoding bytes that somebody else wrote: never an exception, always a reason. */
import { z } from 'zod';
import { BusError } from './message-bus.js';

export type Decoded<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'malformed'; readonly reason: string }
  | { readonly kind: 'unknown-version'; readonly reason: string; readonly version: unknown }
  | { readonly kind: 'too-large'; readonly reason: string };

/** A value's fault, named by its path: `vitals.cpuProcess: Too big: expected number to be <=1`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`).join('; ');
}

/** A wire format with one number for its version, kept in the field `v`. */
export interface Format<T> {
  readonly name: string;
  readonly version: number;
  readonly schema: z.ZodType<T>;
  /** A quick way for the values that are common: what the schema would give, or null to ask it. */
  readonly read?: (json: unknown) => T | null;
  /** Largest encoding that is accepted. Bytes. */
  readonly bytesMax: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** JSON in UTF-8, fields in the order of the schema. Throws what no reader would take: a value against the schema, or `BUS_RECORD_TOO_LARGE`. */
export function encode<T>(format: Format<T>, value: T): Uint8Array {
  const bytes = encoder.encode(JSON.stringify(format.schema.parse(value)));
  if (bytes.byteLength > format.bytesMax) throw new BusError('BUS_RECORD_TOO_LARGE', false, sizeReason(format, bytes.byteLength));
  return bytes;
}

const sizeReason = ({ name, bytesMax }: { name: string; bytesMax: number }, byteLength: number): string => `${name} of ${byteLength} bytes, at most ${bytesMax} are taken`;

export function decode<T>(format: Format<T>, bytes: Uint8Array): Decoded<T> {
  if (bytes.byteLength > format.bytesMax) {
    return { kind: 'too-large', reason: sizeReason(format, bytes.byteLength) };
  }
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    return { kind: 'malformed', reason: `${format.name} is not JSON in UTF-8: ${error instanceof Error ? error.message : String(error)}` };
  }
  return decodeJson(format, json);
}

/** The same for a value that was already parsed, such as an HTTP body. */
export function decodeJson<T>(format: Format<T>, json: unknown): Decoded<T> {
  const read = format.read?.(json) ?? null;
  if (read !== null) return { kind: 'ok', value: read };
  const version = typeof json === 'object' && json !== null && 'v' in json ? json.v : undefined;
  if (typeof version === 'number' && version !== format.version) {
    return { kind: 'unknown-version', version, reason: `${format.name} has version ${version}, this build reads version ${format.version}: upgrade the reader first` };
  }
  const parsed = format.schema.safeParse(json);
  if (parsed.success) return { kind: 'ok', value: parsed.data };
  return { kind: 'malformed', reason: `${format.name}: ${describeIssues(parsed.error)}` };
}
