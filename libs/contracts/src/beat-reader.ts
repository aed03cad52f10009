/**
 * Reads the beats that members really send several times as fast as the schema does: a coordinator reads 100,000 a second.
 *
 * Says only "this is a beat" or "ask the schema"; what is wrong with a value, and every legal oddity (a URL with a user name, a tag called
 * `__proto__`), is the schema's to say. Where it answers, it gives what the schema would give: a property test holds it to that.
 */
import type { Beat, CheckResult, Vitals } from './beat.js';
import { NODE_ID, PROBE_URL, type Resources, SERVICE } from './identity.js';

type Fields = Readonly<Record<string, unknown>>;

const TAGS_MAX = 32;
const CHECKS_MAX = 32;
const URL_LENGTH_MAX = 512;
/** Scheme, a lower-case name or a dotted address, a port, a plain path: nothing in it that parsing of URLs could reject or change. */
const PLAIN_URL = /^https?:\/\/(?:(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)|(?:(?!0x|xn--)\d*[a-z][a-z0-9-]*\.)*(?!0x|xn--)\d*[a-z][a-z0-9-]*)(?::(?:[1-5]?\d{1,4}|6[0-4]\d{3}))?(?:\/[A-Za-z0-9._~/-]*)?$/;

/** The beat that `json` is; null when that is not obvious. */
export function readBeat(json: unknown): Beat | null {
  if (!isFields(json)) return null;
  const { nodeId, incarnation, seq, sentMonoMs, sentUnixMs, intervalMs, state, service, zone, httpUrl } = json;
  // What older agents do not send.
  const { probeUrl = null, mainLagMs = 0 } = json;
  if (json.v !== 1 || !isText(nodeId, NODE_ID) || !isCount(incarnation, 1) || !isCount(seq, 1)) return null;
  if (!isAmount(sentMonoMs) || !isCount(sentUnixMs, 0) || !isCount(intervalMs, 10) || intervalMs > 60_000) return null;
  if (state !== 'running' && state !== 'leaving' && state !== 'left') return null;
  if (!isText(service, SERVICE) || !isShort(zone, 1, 64) || !isAmount(mainLagMs)) return null;
  if (httpUrl !== null && !isUrl(httpUrl, PLAIN_URL)) return null;
  if (probeUrl !== null && !isUrl(probeUrl, PROBE_URL)) return null;
  const tags = readTags(json.tags);
  const resources = readResources(json.resources);
  const vitals = readVitals(json.vitals);
  if (tags === null || resources === null || vitals === null) return null;
  return { v: 1, nodeId, incarnation, seq, sentMonoMs, sentUnixMs, intervalMs, state, service, zone, tags, resources, httpUrl, probeUrl, mainLagMs, vitals };
}

function readVitals(json: unknown): Vitals | null {
  if (!isFields(json)) return null;
  const { cpuProcess, cpuHost, memory, eventLoopDelayMs, errorRate } = json;
  if (!isRatio(cpuProcess) || !isRatio(cpuHost) || !isRatio(memory) || !isAmount(eventLoopDelayMs) || !isRatio(errorRate)) return null;
  const checks = readChecks(json.checks);
  return checks === null ? null : { cpuProcess, cpuHost, memory, eventLoopDelayMs, errorRate, checks };
}

function readChecks(json: unknown): CheckResult[] | null {
  if (!Array.isArray(json) || json.length > CHECKS_MAX) return null;
  const checks: CheckResult[] = [];
  for (const check of json as readonly unknown[]) {
    if (!isFields(check)) return null;
    const { name, ok, detail } = check;
    if (!isShort(name, 1, 64) || typeof ok !== 'boolean') return null;
    if (detail === undefined) checks.push({ name, ok });
    else if (isShort(detail, 0, 256)) checks.push({ name, ok, detail });
    else return null;
  }
  return checks;
}

function readResources(json: unknown): Resources | null {
  if (!isFields(json)) return null;
  const { cores, memoryBytes } = json;
  return isAmount(cores) && cores > 0 && isAmount(memoryBytes) && memoryBytes > 0 ? { cores, memoryBytes } : null;
}

function readTags(json: unknown): Record<string, string> | null {
  if (!isFields(json)) return null;
  const tags: Record<string, string> = {};
  let count = 0;
  for (const key of Object.keys(json)) {
    const value = json[key];
    count += 1;
    if (count > TAGS_MAX || key === '__proto__' || !isShort(key, 1, 64) || !isShort(value, 0, 256)) return null;
    tags[key] = value;
  }
  return tags;
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isShort = (value: unknown, min: number, max: number): value is string => typeof value === 'string' && value.length >= min && value.length <= max;
const isText = (value: unknown, pattern: RegExp): value is string => typeof value === 'string' && pattern.test(value);
const isUrl = (value: unknown, pattern: RegExp): value is string => typeof value === 'string' && value.length <= URL_LENGTH_MAX && pattern.test(value);
const isCount = (value: unknown, min: number): value is number => Number.isSafeInteger(value) && (value as number) >= min;
const isAmount = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
const isRatio = (value: unknown): value is number => isAmount(value) && value <= 1;
