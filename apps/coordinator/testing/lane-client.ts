/** An agent's end of a direct lane, for tests: says what it is told to, keeps what it hears. */
import { connect, type Socket } from 'node:net';
import { type AgentMessage, type CoordinatorMessage, coordinatorMessageSchema, LANE_PATH, LANE_PROTOCOL } from '@muster/contracts';

export interface LaneClient {
  readonly socket: Socket;
  readonly heard: CoordinatorMessage[];
  /** What came before the lane, such as the head of a refusal. */
  readonly answer: () => string;
  readonly isClosed: () => boolean;
  say(message: AgentMessage | string): void;
}

export function laneClient(port: number, request = `GET ${LANE_PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${LANE_PROTOCOL}\r\n\r\n`): LaneClient {
  const socket = connect(port, '127.0.0.1');
  const heard: CoordinatorMessage[] = [];
  let text = '';
  let head = '';
  let isClosed = false;
  socket.setEncoding('utf8');
  socket.write(request);
  socket.on('data', (more: string) => {
    text += more;
    if (head === '') {
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      head = text.slice(0, end);
      text = text.slice(end + 4);
    }
    if (!head.startsWith('HTTP/1.1 101')) return;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) heard.push(coordinatorMessageSchema.parse(JSON.parse(line)));
  });
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  return { socket, heard, answer: () => `${head}\r\n\r\n${text}`, isClosed: () => isClosed, say: (message) => void socket.write(typeof message === 'string' ? message : `${JSON.stringify(message)}\n`) };
}

export const hello = (nodeId = 'n', incarnation = 7): AgentMessage => ({ v: 1, kind: 'hello', nodeId, incarnation });
