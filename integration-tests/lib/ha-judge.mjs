/**
 * What must never happen in a cluster of several coordinators, judged from what they say from outside. Pure: facts in, broken promises out.
 *
 * Each method takes one observation and returns the promises it shows to be broken, in words; none when all is well.
 */

/** Beats may be on their way for this long when a leader is asked who has beaten. Milliseconds. */
const CLOCK_SLACK_MS = 50;
const NAMED_MAX = 5;

const LIVE = (status) => status !== 'DOWN' && status !== 'LEFT';
const some = (names) => (names.length <= NAMED_MAX ? names.join(', ') : `${names.slice(0, NAMED_MAX).join(', ')} and ${names.length - NAMED_MAX} more`);

export class Judge {
  #clusterId = null;
  #leaderOfTerm = new Map();
  #termAt = new Map();
  #ackedIndexOf = new Map();
  #downs = new Set();
  #shown = { index: 0, term: 0 };

  /** Who led in which term, as far as anybody said so, by term. */
  get leaders() {
    return [...this.#leaderOfTerm].map(([term, leaderId]) => ({ term, leaderId })).sort((a, b) => a.term - b.term);
  }

  /** One answer of `GET /raft/status`. */
  status({ nodeId, storeId, clusterId, state, term, leaderId }) {
    const broken = [];
    if (clusterId !== null) {
      this.#clusterId ??= clusterId;
      if (clusterId !== this.#clusterId) broken.push(`two groups: ${nodeId} belongs to ${clusterId}, others to ${this.#clusterId}`);
    }
    // Whoever ends is asked no more.
    if (state === 'shutdown') return broken;
    const termBefore = this.#termAt.get(storeId) ?? 0;
    if (term < termBefore) broken.push(`${nodeId} forgot term ${termBefore}: it is in term ${term} again`);
    this.#termAt.set(storeId, Math.max(term, termBefore));
    const leads = state === 'leader' ? nodeId : leaderId;
    if (leads === null) return broken;
    const known = this.#leaderOfTerm.get(term);
    if (known === undefined) this.#leaderOfTerm.set(term, leads);
    else if (known !== leads) broken.push(`two leaders in term ${term}: ${known}, and ${leads} as ${nodeId} says`);
    return broken;
  }

  /** A change was acknowledged: from now on nobody may be told less. */
  acknowledged({ target, index }) {
    this.#ackedIndexOf.set(target, Math.max(index, this.#ackedIndexOf.get(target) ?? 0));
  }

  /** What a linearizable read that begins now has to show, at least. */
  floorOf(target) {
    return this.#ackedIndexOf.get(target) ?? 0;
  }

  /** One linearizable read, with the floor from when it began. */
  read({ target, via, index, floor }) {
    return index < floor ? [`a linearizable read at ${via} lost an acknowledged change: ${target} is at index ${index}, and ${floor} was acknowledged before`] : [];
  }

  /** One answer of the gateway; `harmed` are those who may be DOWN. */
  shown({ index, term, membership }, harmed) {
    const broken = [];
    if (term === this.#shown.term && index < this.#shown.index) broken.push(`the gateway went back from index ${this.#shown.index} to ${index} in term ${term}`);
    if (term > this.#shown.term || (term === this.#shown.term && index > this.#shown.index)) this.#shown = { index, term };
    for (const { nodeId, status, reason } of Object.values(membership)) {
      if (status !== 'DOWN') this.#downs.delete(nodeId);
      else if (!harmed.has(nodeId) && !this.#downs.has(nodeId)) {
        this.#downs.add(nodeId);
        broken.push(`${nodeId} is DOWN though nothing was done to it: ${reason}`);
      }
    }
    return broken;
  }
}

/** Acknowledged changes that a history lacks or tells otherwise. `events` are CloudEvents of one reader, in any order. */
export function lostChanges(acknowledged, events, reader) {
  const byIndex = new Map(events.map((event) => [Number(event.id.split('/')[2]), event]));
  const lost = acknowledged.filter(({ index, term, token }) => {
    const event = byIndex.get(index);
    return event === undefined || Number(event.id.split('/')[1]) !== term || !(event.data.update ?? '').includes(token);
  });
  return lost.length === 0 ? [] : [`${lost.length} of ${acknowledged.length} acknowledged changes are lost at ${reader}: ${some(lost.map(({ index, token }) => `${token} (index ${index})`))}`];
}

/** Changes that a reader was told of more than once, by the id that is meant to make them one. */
export function doubledChanges(events, reader) {
  const seen = new Set();
  const twice = events.map(({ id }) => id).filter((id) => seen.size === seen.add(id).size);
  return twice.length === 0 ? [] : [`${reader} keeps a change twice: ${some(twice)}`];
}

/**
 * Members that did not come over to a leader: by its own view they have not beaten since, or fewer of them than there are have a lane to it.
 * `sinceUnixMs` by the leader's clock; `except` was harmed and is not asked for.
 */
export function strangersTo({ leaderId, membership, lanesOpen, sinceUnixMs, except }) {
  const others = Object.values(membership).filter(({ nodeId, status }) => LIVE(status) && nodeId !== leaderId && nodeId !== except);
  const silent = others.filter(({ lastHeartbeatTime }) => Date.parse(lastHeartbeatTime) < sinceUnixMs - CLOCK_SLACK_MS).map(({ nodeId }) => nodeId);
  return [
    ...(silent.length === 0 ? [] : [`${leaderId} has not heard from ${some(silent)} since it leads`]),
    ...(lanesOpen >= others.length ? [] : [`${others.length - lanesOpen} of ${others.length} members have no direct lane to ${leaderId}`]),
  ];
}
