/** How results are written: for people, for programs, for spreadsheets. */
export type Format = 'table' | 'json' | 'csv';
export const FORMATS: Format[] = ['table', 'json', 'csv'];

/** A result as rows of plain values. */
export interface Grid {
  columns: string[];
  rows: unknown[][];
}

const MAX_CELL = 60;
/** Characters that would break a line of the table, or that a terminal would obey. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const NAMED: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const visible = (text: string): string =>
  text.replace(CONTROL, (c) => NAMED[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const isNumber = (value: unknown): boolean =>
  typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));

function table({ columns, rows }: Grid): string {
  const texts = rows.map((row) => row.map((v) => (v === null ? 'NULL' : visible(cell(v)))));
  const cut = (text: string): string => (text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text);
  const shown = texts.map((row) => row.map(cut));
  const widths = columns.map((name, i) => Math.max(name.length, ...shown.map((row) => row[i]!.length)));
  const right = columns.map(
    (_, i) => rows.length > 0 && rows.every((row) => row[i] === null || isNumber(row[i])),
  );
  const line = (cells: string[]): string =>
    cells
      .map((text, i) => (right[i] ? text.padStart(widths[i]!) : text.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(columns), widths.map((w) => '─'.repeat(w)).join('  '), ...shown.map(line)].join('\n');
}

const csvCell = (value: unknown): string => {
  const text = cell(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Rows as text. JSON is an array of objects; CSV has a header line and follows RFC 4180. */
export function render(grid: Grid, format: Format): string {
  switch (format) {
    case 'table':
      return table(grid);
    case 'json':
      return JSON.stringify(
        grid.rows.map((row) => Object.fromEntries(grid.columns.map((name, i) => [name, row[i] ?? null]))),
        null,
        2,
      );
    case 'csv':
      return [grid.columns, ...grid.rows].map((row) => row.map(csvCell).join(',')).join('\r\n');
  }
}

export const number = (n: number): string => Math.round(n).toLocaleString('en-US');

/** A duration for people: `240 ms`, `3.2 s`, `4 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 90_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 5_400_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** A size for people: `12.3 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
