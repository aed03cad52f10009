/** The application of a simulated group: a hash of all that it was given, with its place and term. */
import { commandOf, idOf } from '../raft/applied-state.js';
import { StateHash } from '../state-hash.js';

export class Tally {
  hash = 0;

  apply(data: Uint8Array, index: number, term: number): null {
    this.hash = new StateHash().number(this.hash).number(index).number(term).number(idOf(data)).uint32() | 0;
    return null;
  }

  snapshot(): Uint8Array {
    return commandOf(this.hash);
  }

  restore(data: Uint8Array): void {
    this.hash = idOf(data);
  }
}
