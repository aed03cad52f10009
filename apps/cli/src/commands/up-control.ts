/** Answers what other commands ask of a running `muster up`. */
import type { ControlRequest, ControlResponse } from '../local-cluster/control-socket.js';
import { type LocalCluster, type NameProblem, StartFailed } from '../local-cluster/local-cluster.js';

export function controlHandler(cluster: LocalCluster, stop: () => void): (request: ControlRequest) => Promise<ControlResponse> {
  const done = (pid: number | null): ControlResponse => ({ ok: true, pid, processes: cluster.rows() });
  return async (request) => {
    switch (request.op) {
      case 'ps':
        return done(null);
      case 'kill': {
        const outcome = await cluster.kill(request.name);
        return outcome.kind === 'killed' ? done(outcome.pid) : refusal(request.name, outcome);
      }
      case 'stop': {
        const outcome = await cluster.stopOne(request.name);
        return outcome.kind === 'stopped' ? done(outcome.pid) : refusal(request.name, outcome);
      }
      case 'start':
        try {
          const outcome = await cluster.startAgain(request.name);
          return outcome.kind === 'started' ? done(outcome.pid) : refusal(request.name, outcome);
        } catch (error) {
          if (!(error instanceof StartFailed)) throw error;
          return { ok: false, reason: 'failed', message: [`${error.message}. Its last lines:`, ...error.lastLines.map((line) => `  ${line}`)].join('\n') };
        }
      case 'down':
        setImmediate(stop);
        return done(process.pid);
    }
  };
}

function refusal(name: string, problem: NameProblem): ControlResponse {
  switch (problem.kind) {
    case 'unknown-name':
      return { ok: false, reason: 'unknown-name', message: `there is no process "${name}" here; there are: ${problem.known.join(', ')}` };
    case 'not-running':
      return { ok: false, reason: 'not-running', message: `${name} is not running; \`npx muster start ${name}\` starts it` };
    case 'running':
      return { ok: false, reason: 'running', message: `${name} is running already, as pid ${problem.pid}` };
  }
}
