/** What is seen of a node now, for people: class, silence, rhythm, φ trace, probes. */
import type { Evidence as ShownEvidence, EvidenceClass } from '@muster/contracts';
import type { DetectorSet } from '@muster/failure-detector';
import type { Member } from '@muster/membership';
import type { Finding, Sight } from './sight.js';
import type { Trouble } from './trouble.js';

/** Points of the trace. Count. */
const TRACE_POINTS = 16;

export interface Shown {
  readonly sight: Sight;
  readonly finding: Finding;
  readonly member: Member | undefined;
  readonly trouble: Trouble | undefined;
  readonly mainLagMs: number;
  readonly hungTimeoutMs: number;
  readonly lane: ShownEvidence['lane'];
}

export function explain(detectors: DetectorSet, shown: Shown, nowMs: number): ShownEvidence {
  const { sight, trouble } = shown;
  const rhythm = detectors.rhythm(sight.nodeId);
  const phiTrace = [];
  const untilMs = Math.max(sight.silenceMs, rhythm?.suspectAfterMs ?? 0);
  for (let point = 0; point <= TRACE_POINTS; point++) {
    const silenceMs = Math.round((untilMs * point) / TRACE_POINTS);
    phiTrace.push({ silenceMs, phi: detectors.phiAt(sight.nodeId, silenceMs) ?? 0 });
  }
  return {
    class: classOf(shown),
    silenceMs: sight.silenceMs,
    phi: sight.phi,
    suspectAfterMs: rhythm?.suspectAfterMs ?? 0,
    givenUpAfterMs: rhythm?.silentAfterMs ?? 0,
    gapMeanMs: rhythm?.gapMeanMs ?? 0,
    gapDeviationMs: rhythm?.gapDeviationMs ?? 0,
    mainLagMs: shown.mainLagMs,
    lane: shown.lane,
    probes: (trouble?.probes ?? []).map(({ by, result, atMs, mainLagMs }) => ({ by, result, ageMs: Math.max(0, nowMs - atMs), mainLagMs })),
    phiTrace,
  };
}

function classOf({ sight, finding, member, mainLagMs, hungTimeoutMs }: Shown): EvidenceClass {
  if (member?.isEvicted === true) return 'evicted';
  if (sight.state === 'left') return 'left';
  if (member !== undefined && sight.incarnation > member.record.incarnation) return 'replaced';
  switch (finding.kind) {
    case 'crashed':
      return 'crashed';
    case 'stalled':
      return finding.withheld === null || mainLagMs >= hungTimeoutMs ? 'hung' : 'stalled';
    case 'silent':
    case 'worn':
      return 'unreachable';
    case 'unsure':
      return 'late';
    case 'well':
      if (sight.stage === 'late' || sight.isAnsweringOnly) return 'late';
      return sight.grade === 'DEGRADED' ? 'overloaded' : 'alive';
  }
}
