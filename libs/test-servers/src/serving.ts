/**
 * Whether something that speaks the right protocol answers at a URL: a Kafka broker its API versions, PostgreSQL a query, Redis a PING.
 *
 * A listening port is not enough: a broker listens seconds before it serves, and a port forwarder listens without a server behind it.
 */
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import pg from 'pg';
import { within } from './deadline.js';
import type { ServerKind } from './found-server.js';
import { messageOf } from './message-of.js';

const API_VERSIONS_KEY = 18;
const CORRELATION_ID = 7;

/** Null when it serves, else why not. */
export async function whyNotServing(kind: ServerKind, url: string, withinMs: number): Promise<string | null> {
  try {
    await within(ASK[kind](url, withinMs), withinMs + 500, `no answer within ${withinMs} ms`);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

const ASK: Readonly<Record<ServerKind, (url: string, withinMs: number) => Promise<void>>> = {
  kafka: async (brokers, withinMs) => {
    // One broker that answers is enough: clients learn of the others from it.
    await Promise.any(brokers.split(',').map((broker) => askKafka(broker.trim(), withinMs)));
  },
  postgres: askPostgres,
  redis: askRedis,
};

async function askKafka(broker: string, withinMs: number): Promise<void> {
  const { hostname, port } = new URL(`kafka://${broker}`);
  await converse({ hostname, port: Number(port === '' ? 9092 : port), isTls: false, withinMs }, apiVersionsRequest(), (answer) => {
    if (answer.length < 8) return 'incomplete';
    if (answer.readInt32BE(4) !== CORRELATION_ID) throw new Error(`${broker} does not speak the Kafka protocol`);
    return 'complete';
  });
}

function apiVersionsRequest(): Buffer {
  const request = Buffer.alloc(14);
  request.writeInt32BE(request.length - 4, 0);
  request.writeInt16BE(API_VERSIONS_KEY, 4);
  request.writeInt16BE(0, 6);
  request.writeInt32BE(CORRELATION_ID, 8);
  request.writeInt16BE(-1, 12);
  return request;
}

async function askPostgres(url: string, withinMs: number): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: withinMs, query_timeout: withinMs });
  // The server may go away while the client is closing; whoever asked has had the answer by then.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end().catch(() => {});
  }
}

async function askRedis(url: string, withinMs: number): Promise<void> {
  const { protocol, hostname, port, username, password } = new URL(url);
  const login = password === '' ? [] : [['AUTH', ...(username === '' ? [] : [decodeURIComponent(username)]), decodeURIComponent(password)]];
  const questions = [...login, ['PING']];
  const request = questions.map((words) => `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`).join('');
  await converse({ hostname, port: Number(port === '' ? 6379 : port), isTls: protocol === 'rediss:', withinMs }, Buffer.from(request), (answer) => {
    const lines = answer.toString('utf8').split('\r\n');
    const complaint = lines.find((line) => line !== '' && !line.startsWith('+'));
    if (complaint !== undefined) throw new Error(`${hostname}:${port} answers: ${complaint.slice(0, 80)}`);
    return lines.length > questions.length ? 'complete' : 'incomplete';
  });
}

interface Endpoint {
  readonly hostname: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly withinMs: number;
}

/** Sends one request and resolves when `judge` finds the answer complete; rejects with what it throws. */
function converse({ hostname, port, isTls, withinMs }: Endpoint, request: Buffer, judge: (answer: Buffer) => 'complete' | 'incomplete'): Promise<void> {
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = isTls ? connectTls({ host, port, servername: host }) : connect({ host, port });
    const fail = (error: unknown) => {
      socket.destroy();
      reject(error instanceof Error ? error : new Error(messageOf(error)));
    };
    socket.setTimeout(withinMs, () => fail(new Error(`${hostname}:${port} gave no answer within ${withinMs} ms`)));
    socket.once('error', fail);
    socket.once('close', () => fail(new Error(`${hostname}:${port} closed the connection: another protocol, or one that wants TLS`)));
    socket.once(isTls ? 'secureConnect' : 'connect', () => socket.write(request));
    let answer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      try {
        if (judge(answer) === 'incomplete') return;
        resolve();
        socket.destroy();
      } catch (error) {
        fail(error);
      }
    });
  });
}
