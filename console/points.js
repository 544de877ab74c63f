/** More steps than this are not filled in: the gaps are then wider than the data. */
const STEPS = 4000;

/** Seconds since 1970 of a time as SQL gives it: `2013-01-01`, `2013-01-01 10:00:00`, ISO 8601; UTC all. */
export function seconds(value) {
  if (typeof value === 'number') return value > 1e11 ? value / 1000 : value;
  const text = String(value).trim().replace(' ', 'T');
  if (text.length === 10) return Date.parse(`${text}T00:00Z`) / 1000;
  const zoned = /(Z|[+-]\d\d(:?\d\d)?)$/.test(text.slice(10)) ? text : `${text}Z`;
  return Date.parse(zoned.replace(/([+-]\d\d)$/, '$1:00')) / 1000;
}

/** The steps that are missing between points of a regular x: `empty` there, so that no line crosses a gap. */
function fillGaps(points, empty) {
  let step = Infinity;
  for (let i = 1; i < points.length; i++) step = Math.min(step, points[i][0] - points[i - 1][0]);
  const steps = points.length < 2 ? 0 : (points.at(-1)[0] - points[0][0]) / step;
  if (steps > STEPS || !Number.isFinite(steps)) return points;
  const filled = [];
  for (const point of points) {
    for (let x = (filled.at(-1)?.[0] ?? point[0]) + step; x < point[0] - step / 2; x += step) {
      filled.push([x, ...point.slice(1).map(() => empty)]);
    }
    filled.push(point);
  }
  return filled;
}

/**
 * Rows of x and values, in any order, as lists for the chart: x in seconds, then a list for each line.
 * @param {unknown[][]} rows
 * @param {{ lines: number, within: number, empty: number | null }} options seconds that are shown, counted from the
 *   newest; what stands where there is no row
 */
export function listsOf(rows, { lines, within, empty }) {
  const points = rows
    .map(([x, ...values]) => [seconds(x), ...values.map((v) => (v === null ? empty : Number(v)))])
    .filter(([x]) => Number.isFinite(x))
    .sort((a, b) => a[0] - b[0]);
  const from = (points.at(-1)?.[0] ?? 0) - within;
  const shown = fillGaps(
    points.filter(([x]) => x >= from),
    empty,
  );
  return Array.from({ length: lines + 1 }, (_, i) => shown.map((point) => point[i] ?? null));
}
