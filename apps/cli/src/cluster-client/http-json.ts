/** Asks for a JSON document, with a deadline and a limit. On node:http, because loading anything more costs more than asking. */
import { type ClientRequest, get, type IncomingMessage, request as requestPlain } from 'node:http';
import { get as getTls, request as requestTls } from 'node:https';

const BODY_BYTES_MAX = 32 * 1024 * 1024;

export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

export function openGet(url: string, headers: Readonly<Record<string, string>>, timeoutMs: number, onResponse: (response: IncomingMessage) => void): ClientRequest {
  const method = url.startsWith('https:') ? getTls : get;
  return method(url, { agent: false, headers, timeout: timeoutMs }, onResponse);
}

/** Rejects when nobody answers in time, with something that is not JSON, or with more than `bytesMax`. */
export const getJson = (url: string, timeoutMs: number, bytesMax = BODY_BYTES_MAX): Promise<JsonAnswer> => exchange(url, { timeoutMs, bytesMax }, (onResponse) => openGet(url, { accept: 'application/json' }, timeoutMs, onResponse));

/** The same for `POST` of a JSON document. */
export const postJson = (url: string, body: object, timeoutMs: number): Promise<JsonAnswer> => sendJson('POST', url, timeoutMs, { body });

/** The same for any method; without a body where there is none. */
export function sendJson(method: string, url: string, timeoutMs: number, { body, token }: { readonly body?: object | undefined; readonly token?: string | null }): Promise<JsonAnswer> {
  const open = url.startsWith('https:') ? requestTls : requestPlain;
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers: Record<string, string | number> = { accept: 'application/json' };
  if (body !== undefined) Object.assign(headers, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  if (typeof token === 'string') headers['authorization'] = `Bearer ${token}`;
  return exchange(url, { timeoutMs, bytesMax: BODY_BYTES_MAX }, (onResponse) => {
    const request = open(url, { method, agent: false, headers, timeout: timeoutMs }, onResponse);
    request.end(text);
    return request;
  });
}

function exchange(url: string, { timeoutMs, bytesMax }: { readonly timeoutMs: number; readonly bytesMax: number }, open: (onResponse: (response: IncomingMessage) => void) => ClientRequest): Promise<JsonAnswer> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => request.destroy(new Error(`${url} did not answer within ${timeoutMs} ms`)), timeoutMs);
    const request = open((response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bytesMax) request.destroy(new Error(`${url} answered with more than ${bytesMax} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(deadline);
        try {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
        } catch {
          reject(new Error(`${url} answered ${response.statusCode}, but not with JSON: is this a Muster gateway or coordinator?`));
        }
      });
    });
    request.on('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
  });
}
