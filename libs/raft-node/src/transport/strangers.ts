/**
 * Connections of callers that have not proven yet who they are: who has to go when there are too many. Pure.
 *
 * The room is not for whoever comes first: silent sockets would fill it, and a member that calls then could not say who it is. The one that goes is
 * the oldest of the address that has most of them; a member needs two round trips, and is the only one of its address, or the youngest.
 */
export class Strangers<S> {
  /** Addresses by connection, the oldest first. */
  private readonly addresses = new Map<S, string>();

  constructor(private readonly countMax: number) {}

  /** Whom to turn away for it, if anybody. */
  came(stranger: S, address: string): S | null {
    this.addresses.set(stranger, address);
    if (this.addresses.size <= this.countMax) return null;
    const leaving = this.oldestOfTheMost();
    if (leaving !== null) this.addresses.delete(leaving);
    return leaving;
  }

  /** It is gone, or no stranger any more. */
  left(stranger: S): void {
    this.addresses.delete(stranger);
  }

  all(): S[] {
    return [...this.addresses.keys()];
  }

  private oldestOfTheMost(): S | null {
    const counts = new Map<string, number>();
    for (const address of this.addresses.values()) counts.set(address, (counts.get(address) ?? 0) + 1);
    const most = Math.max(...counts.values());
    for (const [stranger, address] of this.addresses) if (counts.get(address) === most) return stranger;
    return null;
  }
}
