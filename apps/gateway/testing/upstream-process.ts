/** A member's HTTP server in a process of its own, which can really be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Answers after a short while, so that there always are requests in its hands. Prints its port as text: a number might be coloured. */
const PROGRAM = `
const server = require('node:http').createServer((request, response) => setTimeout(() => response.end('x'.repeat(900)), 10));
server.listen(0, '127.0.0.1', () => console.log(String(server.address().port)));
process.on('disconnect', () => process.exit(0));
`;

export class UpstreamProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<UpstreamProcess> {
    const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    return new UpstreamProcess(child, `http://127.0.0.1:${line.toString().trim()}`);
  }

  /** Frozen: its kernel goes on accepting connections, and nobody answers. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
