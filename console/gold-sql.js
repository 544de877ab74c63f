import { literal, quoted } from './sql.js';

/** Points of the x axis that are asked for: the newest ones. */
const POINTS = 1000;
const TIME = new Set(['timestamp', 'date']);
const NUMBER = new Set(['int', 'long', 'float', 'double', 'decimal']);

const kindOf = (table, name) => table.columns.find((c) => c.name === name)?.type.kind;

/** The group column that is the x axis, if there is one. */
export function timeColumn(table) {
  return table.groupBy.find((g) => TIME.has(kindOf(table, g.name)))?.name;
}

/** Group columns that lines can be drawn by. */
export function seriesColumns(table) {
  return table.groupBy.map((g) => g.name).filter((name) => name !== timeColumn(table));
}

/** Measures that can be drawn. */
export function drawable(table) {
  return table.measures.map((m) => m.name).filter((name) => NUMBER.has(kindOf(table, name)));
}

/** True when the first parenthesis is closed only by the last character. */
function isOneCall(expression) {
  const text = expression.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, (quote) => '_'.repeat(quote.length));
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i === text.length - 1;
  }
  return false;
}

/** The expression without the casts and parentheses that the plan puts around it. */
function bare(expression) {
  const text = expression.trim();
  const inside = isOneCall(text) ? /^(?:CAST\s*)?\(([^]*)\)$/i.exec(text)?.[1] : undefined;
  if (inside === undefined) return text;
  if (text.startsWith('(')) return bare(inside);
  const cast = /^([^]*)\s+AS\s+[a-z]+(?:\([\d, ]+\))?$/i.exec(inside);
  return cast === null ? text : bare(cast[1]);
}

/**
 * How a measure of several groups becomes one number: counts and sums add up, extremes stay extremes. Of anything else
 * (a mean, a share) the groups do not know their weight: it is averaged over groups, and the page says so.
 */
export function together(table, measure) {
  const text = bare(table.measures.find((m) => m.name === measure)?.expression.athena ?? '');
  const name = isOneCall(text) ? /^([a-z_]+)\s*\(/i.exec(text)?.[1]?.toLowerCase() : undefined;
  const distinct = /\(\s*distinct\b/i.test(text);
  if ((name === 'count' || name === 'count_if' || name === 'sum') && !distinct) return 'sum';
  return name === 'max' || name === 'min' ? name : 'avg';
}

const tableOf = (plan, table) => `${quoted(`${plan.name}_gold`)}.${quoted(table.name)}`;

/** The values of `series` with the largest measure. */
export function topSql(plan, table, measure, series, limit) {
  const by = together(table, measure) === 'sum' ? `sum(${quoted(measure)})` : 'count(*)';
  return `SELECT CAST(${quoted(series)} AS varchar) AS series, ${by} AS weight
FROM ${tableOf(plan, table)} WHERE ${quoted(series)} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${limit}`;
}

/**
 * One row per point of x, newest first, one column per line.
 * @param {string | undefined} series undefined draws the total
 * @param {{ values: string[], others: boolean }} lines the values that have a line, and whether the rest has one
 */
export function lineSql(plan, table, measure, series, { values, others }) {
  const x = quoted(timeColumn(table));
  const how = together(table, measure);
  const number = `CAST(${quoted(measure)} AS double)`;
  const value = series === undefined ? '' : `CAST(${quoted(series)} AS varchar)`;
  const where = (condition) => `${how}(CASE WHEN ${condition} THEN ${number} END)`;
  const lines =
    series === undefined
      ? [`${how}(${number})`]
      : [
          ...values.map((v) => where(`${value} = ${literal(v)}`)),
          ...(others
            ? [where(`${value} IS NULL OR ${value} NOT IN (${values.map(literal).join(', ')})`)]
            : []),
        ];
  return `SELECT ${x}, ${lines.map((line, i) => `${line} AS line_${i}`).join(', ')}
FROM ${tableOf(plan, table)} WHERE ${x} IS NOT NULL GROUP BY ${x} ORDER BY ${x} DESC LIMIT ${POINTS}`;
}
