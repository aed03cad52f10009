/** How a change of membership reads on a terminal: time, node, from → to, reason; one line where it fits. */
import type { BrakeStep, MemberStatus } from '@muster/contracts';
import { padRight, spellClock, wrap } from './layout.js';
import type { Colours, Terminal } from './terminal.js';

type Shown = MemberStatus | 'REMOVED';

/** What changed, as seen by whoever watches. */
export type MembershipChange =
  /** A member went from one status to another. */
  | { readonly kind: 'status'; readonly atUnixMs: number; readonly nodeId: string; readonly from: MemberStatus | null; readonly to: Shown; readonly reason: string }
  /** Something else about it changed; `what` in a word or two: `draining`. */
  | { readonly kind: 'update'; readonly atUnixMs: number; readonly nodeId: string; readonly what: string; readonly marks: readonly string[]; readonly reason: string }
  /** A brake on verdicts; zone null is the cluster's. */
  | { readonly kind: 'brake'; readonly atUnixMs: number; readonly zone: string | null; readonly step: BrakeStep; readonly reason: string };

const NODE_WIDTH_MIN = 13;
const TRANSITION_WIDTH = 'DEGRADED → SUSPECT'.length;
const REASON_WIDTH_MIN = 24;

export function paintStatus(colours: Colours, status: Shown): string {
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
    switch (change.kind) {
      case 'status': {
        const from = change.from === null ? colours.dim('new') : colours.dim(change.from);
        this.line(change.atUnixMs, change.nodeId, `${from} ${colours.dim('→')} ${paintStatus(colours, change.to)}`, change.reason);
        break;
      }
      case 'update':
        this.line(change.atUnixMs, change.nodeId, colours.yellow(change.what), change.reason);
        break;
      case 'brake':
        this.line(change.atUnixMs, change.zone ?? 'the cluster', `brake ${change.step === 'released' ? colours.green(change.step) : colours.yellow(change.step)}`, change.reason);
        break;
    }
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
