import { make } from './dom.js';

/** Rows that are drawn; more would make the page heavy and nobody scroll that far. */
export const DRAWN = 500;
const NUMERIC = /^(u?(tiny|small|big|huge)?int|integer|decimal|numeric|double|float|real)/i;

function cell(value, numeric) {
  if (value === null || value === undefined) return make(numeric ? 'td.null.number' : 'td.null', {}, 'null');
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const node = make(numeric ? 'td.number' : 'td', {}, text.length > 300 ? `${text.slice(0, 300)}…` : text);
  if (text.length > 60) node.title = text.slice(0, 4000);
  return node;
}

/**
 * A result as a table: names over types, numbers to the right.
 * @param {{ columns: { name: string, type: string }[], rows: unknown[][] }} result
 */
export function resultTable({ columns, rows }) {
  const numeric = columns.map((c) => NUMERIC.test(c.type));
  const head = columns.map((c, i) =>
    make(
      numeric[i] ? 'th.number' : 'th',
      { scope: 'col' },
      make('span', {}, c.name),
      make('small', {}, c.type.toLowerCase()),
    ),
  );
  const body = rows
    .slice(0, DRAWN)
    .map((row) => make('tr', {}, ...row.map((value, i) => cell(value, numeric[i]))));
  return make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...body));
}
