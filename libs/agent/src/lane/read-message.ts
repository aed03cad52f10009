/**
 * Reads what a coordinator, or another agent's probe port, says.
 *
 * By hand, as far as an agent uses it: the schemas of the contracts would double the memory of the thread that reads it. A test holds
 * both to the same answers. What cannot be read is null, never an exception.
 */
import type { BeatResult, CoordinatorMessage, ProbeAnswer, ProbeTarget } from '@muster/contracts';

type Fields = Readonly<Record<string, unknown>>;
const OUTCOMES = ['accepted', 'stale', 'rejected'] as const;
const NODE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const PROBE_URL = /^tcp:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;
const URL_LENGTH_MAX = 512;
const REASON_LENGTH_MAX = 512;
const TIME_LIMIT_MS_MIN = 10;
const TIME_LIMIT_MS_MAX = 10_000;

export function readCoordinatorMessage(line: string): CoordinatorMessage | null {
  const from = fieldsOf(line);
  if (from === null) return null;
  const { kind } = from;
  if (kind === 'welcome') return welcome(from);
  if (kind === 'heard') return heard(from);
  if (kind === 'probe') return probe(from);
  return kind === 'drain' ? drain(from) : null;
}

export function readProbeAnswer(line: string): ProbeAnswer | null {
  const from = fieldsOf(line);
  if (from === null) return null;
  const { nodeId, incarnation, mainLagMs } = from;
  return isNodeId(nodeId) && isCount(incarnation, 1) && isDuration(mainLagMs) ? { v: 1, nodeId, incarnation, mainLagMs } : null;
}

function welcome({ coordinatorId, knownIncarnation }: Fields): CoordinatorMessage | null {
  return isNodeId(coordinatorId) && isKnown(knownIncarnation) ? { v: 1, kind: 'welcome', coordinatorId, knownIncarnation } : null;
}

function heard({ seq, result }: Fields): CoordinatorMessage | null {
  const read = beatResult(asFields(result));
  return isCount(seq, 1) && read !== null ? { v: 1, kind: 'heard', seq, result: read } : null;
}

function beatResult(from: Fields | null): BeatResult | null {
  if (from === null) return null;
  const { nodeId, knownIncarnation, reason } = from;
  const outcome = OUTCOMES.find((one) => one === from['outcome']);
  if (outcome === undefined || !isKnown(knownIncarnation) || (nodeId !== null && typeof nodeId !== 'string')) return null;
  if (reason === undefined) return { nodeId, outcome, knownIncarnation };
  return typeof reason === 'string' ? { nodeId, outcome, knownIncarnation, reason } : null;
}

function probe({ id, target, timeLimitMs }: Fields): CoordinatorMessage | null {
  const read = probeTarget(asFields(target));
  if (read === null || !isCount(id, 0) || !isCount(timeLimitMs, TIME_LIMIT_MS_MIN) || timeLimitMs > TIME_LIMIT_MS_MAX) return null;
  return { v: 1, kind: 'probe', id, target: read, timeLimitMs };
}

function probeTarget(from: Fields | null): ProbeTarget | null {
  if (from === null) return null;
  const { nodeId, incarnation, probeUrl, httpUrl } = from;
  if (!isNodeId(nodeId) || !isCount(incarnation, 1)) return null;
  const isProbeUrlSound = probeUrl === null || (isUrl(probeUrl) && PROBE_URL.test(probeUrl));
  const isHttpUrlSound = httpUrl === null || (isUrl(httpUrl) && /^https?:\/\//.test(httpUrl) && URL.canParse(httpUrl));
  return isProbeUrlSound && isHttpUrlSound ? { nodeId, incarnation, probeUrl, httpUrl } : null;
}

function drain({ isDraining, reason, index }: Fields): CoordinatorMessage | null {
  if (typeof isDraining !== 'boolean' || typeof reason !== 'string' || reason.length > REASON_LENGTH_MAX) return null;
  if (index === undefined) return { v: 1, kind: 'drain', isDraining, reason };
  return isCount(index, 0) ? { v: 1, kind: 'drain', isDraining, reason, index } : null;
}

function fieldsOf(line: string): Fields | null {
  try {
    const fields = asFields(JSON.parse(line));
    return fields?.['v'] === 1 ? fields : null;
  } catch {
    return null;
  }
}

const asFields = (value: unknown): Fields | null => (typeof value === 'object' && value !== null ? (value as Fields) : null);
const isNodeId = (value: unknown): value is string => typeof value === 'string' && NODE_ID.test(value);
const isCount = (value: unknown, least: number): value is number => Number.isSafeInteger(value) && (value as number) >= least;
const isDuration = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
const isKnown = (value: unknown): value is number | null => value === null || isCount(value, 1);
const isUrl = (value: unknown): value is string => typeof value === 'string' && value.length <= URL_LENGTH_MAX;
