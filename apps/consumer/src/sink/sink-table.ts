/** What the writer must know of a table that a topic is stored in. */
import type { BusRecord } from '@muster/contracts';

export type DecodedRow = { readonly kind: 'row'; readonly row: Readonly<Record<string, unknown>> } | { readonly kind: 'poison'; readonly reason: string };

export interface SinkTable {
  /** The row that a record becomes, or why it never can. */
  readonly decode: (record: BusRecord) => DecodedRow;
  /**
   * Common table expressions that store the rows, one of them named `stored` with one row per row that was new. They read
   * `moved` (empty when the position could not be moved, so that nothing is stored then), $2 topic, $3 partition and $7
   * rows as JSON.
   */
  readonly insert: string;
}
