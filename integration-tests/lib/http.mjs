/** One HTTP exchange over kept-alive connections, with a deadline; shared by the programs of this folder. */
import { Agent, request } from 'node:http';

const ANSWER_MS_MAX = 5000;
export const IN_FLIGHT_MAX = 200;
const agent = new Agent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX });

/** Resolves with {code, text, headers}; rejects when there is no answer in time. */
export function ask(url, method = 'GET', body, answerMsMax = ANSWER_MS_MAX) {
  return new Promise((resolve, reject) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const headers = payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) };
    const call = request(url, { method, agent, headers }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(limit);
        resolve({ code: response.statusCode, text: Buffer.concat(chunks).toString('utf8'), headers: response.headers });
      });
    });
    const limit = setTimeout(() => call.destroy(new Error(`no answer within ${answerMsMax} ms`)), answerMsMax);
    call.on('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    call.end(payload);
  });
}

export async function readStatus(baseUrl) {
  const { code, text } = await ask(`${baseUrl}/cluster/status`);
  if (code !== 200) throw new Error(`GET /cluster/status answered ${code}`);
  return JSON.parse(text);
}

/** Lets the process end although connections are kept alive. */
export const hangUp = () => agent.destroy();
