/**
 * Who of a group reads what: every partition has exactly one member, loads differ by at most one per topic, and members keep
 * what they have where that allows it. Pure.
 */

export interface GroupMember {
  readonly id: number;
  readonly topics: ReadonlySet<string>;
}

/**
 * @param partitions keys of the partitions of one topic, in order
 * @param current who holds a partition now; may name members that are gone
 * @param loads partitions each member has from other topics; grows with what is given out here
 */
export function shareOut(topic: string, partitions: readonly string[], members: readonly GroupMember[], current: ReadonlyMap<string, number>, loads: Map<number, number>): Map<string, number> {
  const readers = members.filter((member) => member.topics.has(topic)).map((member) => member.id);
  const owners = new Map<string, number>();
  if (readers.length === 0) return owners;
  const held = new Map(readers.map((id) => [id, 0]));
  const floor = Math.floor(partitions.length / readers.length);
  let spare = partitions.length % readers.length;
  const give = (partition: string, id: number): void => {
    owners.set(partition, id);
    held.set(id, (held.get(id) ?? 0) + 1);
    loads.set(id, (loads.get(id) ?? 0) + 1);
  };
  for (const partition of partitions) {
    const id = current.get(partition);
    const has = id === undefined ? undefined : held.get(id);
    if (id === undefined || has === undefined || has > floor || (has === floor && spare === 0)) continue;
    if (has === floor) spare--;
    give(partition, id);
  }
  for (const partition of partitions) {
    if (owners.has(partition)) continue;
    const [least] = readers.toSorted((a, b) => (held.get(a) ?? 0) - (held.get(b) ?? 0) || (loads.get(a) ?? 0) - (loads.get(b) ?? 0) || a - b);
    if (least !== undefined) give(partition, least);
  }
  return owners;
}
