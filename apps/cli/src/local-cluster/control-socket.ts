/**
 * How other commands talk to the running `muster up`: one JSON line there, one back, over a local socket that only
 * its owner may open.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ProcessRow } from './state-file.js';

export type ControlRequest = { readonly op: 'ps' | 'down' } | { readonly op: 'kill' | 'stop' | 'start'; readonly name: string };
export type ControlResponse =
  | { readonly ok: true; readonly pid: number | null; readonly processes: readonly ProcessRow[] }
  | { readonly ok: false; readonly reason: 'unknown-name' | 'not-running' | 'running' | 'failed' | 'bad-request'; readonly message: string };

const LINE_BYTES_MAX = 64 * 1024;
const CONNECTIONS_MAX = 32;
/** A start may take its time on a busy machine. */
const ANSWER_MS_MAX = 60_000;
/** Linux takes 107 bytes, macOS 103. */
const SOCKET_PATH_BYTES_MAX = 100;

/** A folder whose socket paths are short enough for the system: inside `home`, or else in the folder for temporary files. */
export function socketFolder(home: string): { readonly folder: string; remove(): void } {
  const inside = join(home, 'run');
  const isShort = Buffer.byteLength(join(inside, 'control.sock')) <= SOCKET_PATH_BYTES_MAX;
  if (isShort) mkdirSync(inside, { recursive: true });
  const folder = isShort ? inside : mkdtempSync(join(tmpdir(), 'muster-'));
  chmodSync(folder, 0o700);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Removes what an `up` that was killed left where it had its sockets. */
export function removeSockets(controlSocket: string): void {
  const folder = dirname(controlSocket);
  for (const name of ['control.sock', 'bus.sock']) rmSync(join(folder, name), { force: true });
  try {
    rmdirSync(folder);
  } catch {
    // Not empty or not there: then it is not ours to remove.
  }
}

/** Reads one line; null when the other side sends none, or too much. */
function readLine(socket: Socket): Promise<string | null> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end !== -1) resolve(text.slice(0, end));
      else if (text.length > LINE_BYTES_MAX) resolve(null);
    });
    socket.on('end', () => resolve(null));
    socket.on('error', () => resolve(null));
    socket.on('timeout', () => resolve(null));
  });
}

export interface ControlServer {
  close(): Promise<void>;
}

export async function serveControl(path: string, handle: (request: ControlRequest) => Promise<ControlResponse>): Promise<ControlServer> {
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const answer = async (socket: Socket): Promise<void> => {
    const response = await respond(await readLine(socket), handle);
    if (socket.writable) socket.end(`${JSON.stringify(response)}\n`);
    else socket.destroy();
  };
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.setTimeout(ANSWER_MS_MAX);
    void answer(socket);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroySoon();
        server.close(() => resolve());
      }),
  };
}

async function respond(line: string | null, handle: (request: ControlRequest) => Promise<ControlResponse>): Promise<ControlResponse> {
  let json: unknown;
  try {
    json = JSON.parse(line ?? '');
  } catch {
    return { ok: false, reason: 'bad-request', message: 'a request is one line of JSON' };
  }
  const request = requestFrom(json);
  if (request === null) return { ok: false, reason: 'bad-request', message: 'a request is {op: ps | kill | stop | start | down, name?}' };
  try {
    return await handle(request);
  } catch (error) {
    return { ok: false, reason: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

function requestFrom(json: unknown): ControlRequest | null {
  if (typeof json !== 'object' || json === null || !('op' in json)) return null;
  const name = 'name' in json ? json.name : undefined;
  switch (json.op) {
    case 'ps':
    case 'down':
      return { op: json.op };
    case 'kill':
    case 'stop':
    case 'start':
      return typeof name === 'string' ? { op: json.op, name } : null;
    default:
      return null;
  }
}

/** Rejects when nobody listens there. */
export async function askControl(path: string, request: ControlRequest): Promise<ControlResponse> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', resolve);
  });
  socket.setTimeout(ANSWER_MS_MAX);
  const line = readLine(socket);
  socket.write(`${JSON.stringify(request)}\n`);
  const text = await line;
  socket.destroy();
  if (text === null) throw new Error('the running `muster up` closed the connection without an answer');
  return JSON.parse(text) as ControlResponse;
}
