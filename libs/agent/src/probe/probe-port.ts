/** Asks the probe port of a member: whoever connects is told on one line who is there. */
import { connect, type LookupFunction } from 'node:net';
import type { ProbeTarget } from '@muster/contracts';
import { readProbeAnswer } from '../lane/read-message.js';
import { found, foundByFault, type ProbeAttempt, type ProbeFinding, twice } from './probe-finding.js';

/** Longest answer that is read. Bytes. */
const ANSWER_BYTES_MAX = 1024;

export const probePort: ProbeAttempt = (target, signal, lookup) => twice(() => once(target, signal, lookup), signal);

/** Null when the connection was taken and broke before a word. */
function once(target: ProbeTarget, signal: AbortSignal, lookup: LookupFunction): Promise<ProbeFinding | null> {
  const address = addressOf(target.probeUrl);
  if (address === null) return Promise.resolve(found('silent'));
  return new Promise((resolve) => {
    const socket = connect({ ...address, lookup });
    let isConnected = false;
    let said = '';
    const end = (finding: ProbeFinding | null): void => {
      signal.removeEventListener('abort', onLimit);
      socket.destroy();
      resolve(finding);
    };
    const onLimit = (): void => end(found(isConnected && said === '' ? 'accepted' : 'silent'));
    signal.addEventListener('abort', onLimit);
    socket.setEncoding('utf8');
    socket.on('connect', () => (isConnected = true));
    socket.on('data', (text: string) => {
      said += text;
      if (said.includes('\n') || said.length > ANSWER_BYTES_MAX) end(identified(said, target));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => end(foundByFault(error, isConnected)));
    socket.on('close', () => end(said === '' ? null : identified(said, target)));
  });
}

/** What is no answer of a probe port proves nothing: another program may have taken the port. */
function identified(line: string, target: ProbeTarget): ProbeFinding {
  const answer = readProbeAnswer(line);
  if (answer === null) return found('silent');
  const { nodeId, incarnation, mainLagMs } = answer;
  return nodeId === target.nodeId && incarnation === target.incarnation ? found('answered', mainLagMs) : found('refused');
}

function addressOf(probeUrl: string | null): { host: string; port: number } | null {
  const parts = /^tcp:\/\/(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(probeUrl ?? '');
  const port = Number(parts?.[3] ?? 0);
  if (parts === null || port < 1 || port > 65_535) return null;
  return { host: parts[1] ?? parts[2] ?? '', port };
}
