/** The metrics default of Iceberg, `truncate(16)`: code points for strings, bytes for binary. */
export const DEFAULT_TRUNCATION = 16;

const MAX_CODE_POINT = 0x10ffff;
const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/** A lower bound: the first `length` code points, which sort at or below the whole string. */
export function truncateLower(value: string, length = DEFAULT_TRUNCATION): string {
  return codePoints(value, length + 1).length <= length ? value : codePoints(value, length).join('');
}

/**
 * An upper bound: at most `length` code points that sort at or above the whole string, or undefined when there is
 * none (every code point is already the highest). Surrogate code points are no characters and are skipped.
 */
export function truncateUpper(value: string, length = DEFAULT_TRUNCATION): string | undefined {
  if (codePoints(value, length + 1).length <= length) return value;
  const kept = codePoints(value, length);
  for (let index = kept.length - 1; index >= 0; index -= 1) {
    const next = nextCodePoint(kept[index]!.codePointAt(0)!);
    if (next !== undefined) return kept.slice(0, index).join('') + String.fromCodePoint(next);
  }
  return undefined;
}

export function truncateBytesLower(value: Uint8Array, length = DEFAULT_TRUNCATION): Uint8Array {
  return value.length <= length ? value : value.slice(0, length);
}

/** As `truncateUpper`, per byte. */
export function truncateBytesUpper(value: Uint8Array, length = DEFAULT_TRUNCATION): Uint8Array | undefined {
  if (value.length <= length) return value;
  for (let index = length - 1; index >= 0; index -= 1) {
    if (value[index]! < 0xff) {
      const bound = value.slice(0, index + 1);
      bound[index] = value[index]! + 1;
      return bound;
    }
  }
  return undefined;
}

function codePoints(value: string, limit: number): string[] {
  const points: string[] = [];
  for (const point of value) {
    if (points.length === limit) break;
    points.push(point);
  }
  return points;
}

function nextCodePoint(point: number): number | undefined {
  if (point >= MAX_CODE_POINT) return undefined;
  const next = point + 1;
  return next >= FIRST_SURROGATE && next <= LAST_SURROGATE ? LAST_SURROGATE + 1 : next;
}
