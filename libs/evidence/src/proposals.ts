/** Commands that wait for the log: at most one per node (or brake), several to a ticket. */
import type { SingleCommand } from '@muster/membership';

export interface Pending {
  readonly ticket: number;
  readonly commands: readonly SingleCommand[];
  /** What of them was left when they were appended; the same until then. */
  appended: readonly SingleCommand[];
  readonly atMs: number;
}

export class Proposals {
  private readonly byTicket = new Map<number, Pending>();
  private readonly keys = new Set<string>();
  private lastTicket = 0;

  open(commands: readonly SingleCommand[], nowMs: number): Pending {
    const pending: Pending = { ticket: ++this.lastTicket, commands, appended: commands, atMs: nowMs };
    this.byTicket.set(pending.ticket, pending);
    for (const command of commands) this.keys.add(keyOf(command));
    return pending;
  }

  get(ticket: number): Pending | undefined {
    return this.byTicket.get(ticket);
  }

  close(ticket: number): Pending | undefined {
    const pending = this.byTicket.get(ticket);
    this.byTicket.delete(ticket);
    for (const command of pending?.commands ?? []) this.keys.delete(keyOf(command));
    return pending;
  }

  isPending(nodeId: string): boolean {
    return this.keys.has(nodeId);
  }

  isBrakePending(zone: string | null): boolean {
    return this.keys.has(brakeKey(zone));
  }

  /** Commands that wait. */
  *waiting(): Generator<SingleCommand> {
    for (const { commands } of this.byTicket.values()) yield* commands;
  }
}

function keyOf(command: SingleCommand): string {
  if ('nodeId' in command) return command.nodeId;
  return command.kind === 'rules' ? ' rules' : brakeKey(command.zone);
}

/** No node id begins with a blank. */
function brakeKey(zone: string | null): string {
  return zone === null ? ' cluster' : ` zone ${zone}`;
}
