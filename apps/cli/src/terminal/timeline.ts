/** How a change of membership reads on a terminal: time, node, from → to, reason; one line where it fits. */
import type { MemberStatus } from '@muster/contracts';
import { padRight, spellClock, wrap } from './layout.js';
import type { Colours, Terminal } from './terminal.js';

/** A member went from one status to another, as seen by whoever watches. */
export interface MembershipChange {
  readonly atUnixMs: number;
  readonly nodeId: string;
  readonly from: MemberStatus | null;
  readonly to: MemberStatus | 'REMOVED';
  readonly reason: string;
}

const NODE_WIDTH_MIN = 13;
const TRANSITION_WIDTH = 'DEGRADED → SUSPECT'.length;
const REASON_WIDTH_MIN = 24;

export function paintStatus(colours: Colours, status: MembershipChange['to']): string {
  switch (status) {
    case 'HEALTHY':
      return colours.green(status);
    case 'JOINING':
      return colours.cyan(status);
    case 'DEGRADED':
    case 'SUSPECT':
      return colours.yellow(status);
    case 'DOWN':
      return colours.bold(colours.red(status));
    case 'LEAVING':
    case 'LEFT':
    case 'REMOVED':
      return colours.dim(status);
  }
}

export class Timeline {
  constructor(
    private readonly terminal: Terminal,
    /** Widest node name to expect; wider ones push the rest of their line to the right. */
    private readonly nodeWidth: number,
  ) {}

  change(change: MembershipChange): void {
    const { colours } = this.terminal;
    const from = change.from === null ? colours.dim('new') : colours.dim(change.from);
    this.line(change.atUnixMs, change.nodeId, `${from} ${colours.dim('→')} ${paintStatus(colours, change.to)}`, change.reason);
  }

  /** Something that happened to a process or to the watching itself, in the columns of a change. */
  note(atUnixMs: number, name: string, what: string, detail: string): void {
    this.line(atUnixMs, name, what, detail);
  }

  private line(atUnixMs: number, name: string, middle: string, text: string): void {
    const { colours, columns } = this.terminal;
    const nodeWidth = Math.max(NODE_WIDTH_MIN, this.nodeWidth);
    const indent = 2 + 8 + 2 + nodeWidth + 2 + TRANSITION_WIDTH + 2;
    const head = `  ${colours.dim(spellClock(atUnixMs))}  ${padRight(name, nodeWidth)}  ${padRight(middle, TRANSITION_WIDTH)}  `;
    const [first = '', ...more] = columns === null ? [text] : wrap(text, Math.max(REASON_WIDTH_MIN, columns - indent));
    this.terminal.print(`${head}${colours.dim(first)}`.trimEnd());
    for (const rest of more) this.terminal.print(`${' '.repeat(indent)}${colours.dim(rest)}`);
  }
}
