/** A column with room for `length` values: the same one, or a longer copy. */
export function grown<T extends Float64Array | Int32Array>(column: T, length: number): T {
  if (column.length >= length) return column;
  const longer = (column instanceof Float64Array ? new Float64Array(length) : new Int32Array(length)) as T;
  longer.set(column);
  return longer;
}
