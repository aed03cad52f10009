/**
 * Entries and snapshots as bytes: JSON. An array of its own each time, because it is handed to another thread as a whole.
 *
 * A whole state is written in pieces, between which others have their turn: the arrays right in it, which are what grows, a few elements at a time.
 */

/** Elements of an array that are written at once, and so many more until a piece is worth its while. */
const ELEMENTS = 16;
const PIECE_CHARS = 64 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const encodeState = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));
export const decodeState = (bytes: Uint8Array): unknown => JSON.parse(decoder.decode(bytes));

/** The same bytes as `encodeState`, piece after piece. Nobody may change what is in it meanwhile; who puts something else in its place does not. */
export function* encodePieces(value: object): Generator<Uint8Array, void, void> {
  let text = '';
  for (const piece of textPieces(value)) {
    text += piece;
    if (text.length < PIECE_CHARS) continue;
    yield encoder.encode(text);
    text = '';
  }
  if (text !== '') yield encoder.encode(text);
}

function* textPieces(value: object): Generator<string, void, void> {
  let before = '{';
  for (const [name, part] of Object.entries(value) as [string, unknown][]) {
    const head = `${before}${JSON.stringify(name)}:`;
    if (Array.isArray(part)) {
      yield head;
      yield* arrayPieces(part);
    } else {
      // Of what JSON does not have there is no name either.
      const text = JSON.stringify(part) as string | undefined;
      if (text === undefined) continue;
      yield head + text;
    }
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

function* arrayPieces(elements: readonly unknown[]): Generator<string, void, void> {
  yield '[';
  for (let from = 0; from < elements.length; from += ELEMENTS) yield `${from === 0 ? '' : ','}${JSON.stringify(elements.slice(from, from + ELEMENTS)).slice(1, -1)}`;
  yield ']';
}
