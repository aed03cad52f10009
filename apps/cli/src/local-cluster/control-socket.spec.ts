import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askControl, type ControlRequest, type ControlServer, serveControl, socketFolder } from './control-socket.js';
import { findHome, readState, stateFileOf, writeState } from './state-file.js';

let folder: string;
let server: ControlServer | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-spec-'));
  server = null;
});
afterEach(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = (): string => join(folder, 'control.sock');
async function serve(handle: (request: ControlRequest) => Promise<void>): Promise<void> {
  server = await serveControl(path(), async (request) => {
    await handle(request);
    return { ok: true, pid: 7, processes: [] };
  });
}
/** Sends a line as it is and reads what comes back. */
function sayRaw(text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path(), () => socket.write(text));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', reject);
    socket.on('end', () => resolve(JSON.parse(answer)));
  });
}

describe('the control socket', () => {
  test('hands a request over and the answer back', async () => {
    const seen: ControlRequest[] = [];
    await serve(async (request) => void seen.push(request));
    expect(await askControl(path(), { op: 'kill', name: 'a' })).toEqual({ ok: true, pid: 7, processes: [] });
    expect(seen).toEqual([{ op: 'kill', name: 'a' }]);
  });

  test.each(['nonsense\n', '{"op":"explode"}\n', '{"op":"kill"}\n', 'null\n', `${'x'.repeat(70_000)}`])('refuses what is not a request, and goes on', async (text) => {
    await serve(async () => {});
    expect(await sayRaw(text)).toMatchObject({ ok: false, reason: 'bad-request' });
    expect(await askControl(path(), { op: 'ps' })).toMatchObject({ ok: true });
  });

  test('a handler that fails is an answer, not the end', async () => {
    await serve(() => Promise.reject(new Error('no such luck')));
    expect(await askControl(path(), { op: 'ps' })).toEqual({ ok: false, reason: 'failed', message: 'no such luck' });
  });

  test('is for its owner only', async () => {
    await serve(async () => {});
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('takes the place of a socket that a killed `up` left behind', async () => {
    writeFileSync(path(), '');
    await serve(async () => {});
    expect(await askControl(path(), { op: 'ps' })).toMatchObject({ ok: true });
  });

  test('moves to the folder for temporary files when the path would be too long', () => {
    const sockets = socketFolder(join(folder, 'x'.repeat(120)));
    expect(sockets.folder.startsWith(tmpdir())).toBe(true);
    expect(Buffer.byteLength(join(sockets.folder, 'control.sock'))).toBeLessThanOrEqual(100);
    sockets.remove();
  });
});

describe('the state file', () => {
  const state = { version: 1, up: { pid: 1, startToken: '5', startedAtUnixMs: 0 }, controlSocket: '/s', urls: [], processes: [] } as const;

  test.each(['', '{', '{"version":2}', '{"version":1,"up":{"pid":"1"}}', 'null'])('%j is no state, and no crash', (text) => {
    writeFileSync(stateFileOf(folder), text);
    expect(readState(folder)).toBeNull();
  });

  test('is found from a folder below', () => {
    writeState(join(folder, '.muster'), state);
    expect(findHome(join(folder, 'apps', 'deep'), undefined)).toBe(join(folder, '.muster'));
    expect(readState(findHome(folder, '.muster'))).toEqual(state);
  });
});
