import { runSql } from './api.js';
import { lineChart } from './chart.js';
import { byId, make, say } from './dom.js';
import { title, words } from './format.js';
import { drawable, lineSql, seriesColumns, timeColumn, together, topSql } from './gold-sql.js';

const LINES = 6;
const EVERY = 3000;
/** The largest groups are looked for again only now and then: lines that come and go are hard to follow. */
const LOOK_AGAIN = 8;
const TOTAL = '';
const DAY = 86_400;
const WINDOWS = [
  ['everything', Infinity],
  ['the last 7 days', 7 * DAY],
  ['the last 2 days', 2 * DAY],
  ['the last 12 hours', DAY / 2],
];
const HOW = {
  sum: 'added up',
  max: 'the largest',
  min: 'the smallest',
  avg: 'averaged over groups, unweighted',
};

/** Seconds since 1970 of a time as SQL gives it: `2013-01-01`, `2013-01-01 10:00:00`, ISO 8601; UTC all. */
export function seconds(value) {
  if (typeof value === 'number') return value > 1e11 ? value / 1000 : value;
  const text = String(value).trim().replace(' ', 'T');
  const zoned = /(Z|[+-]\d\d(:?\d\d)?)$/.test(text.slice(10))
    ? text
    : `${text.length === 10 ? `${text}T00:00` : text}Z`;
  return Date.parse(zoned.replace(/([+-]\d\d)$/, '$1:00')) / 1000;
}

function fill(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, text]) => make('option', { value }, text)));
  if (chosen !== undefined && choices.some(([value]) => value === chosen)) select.value = chosen;
  select.disabled = choices.length < 2;
}

/** Rows, newest first, to lists for the chart, oldest first, within the window. */
function listsOf(rows, lineCount, within) {
  const points = rows
    .map(([x, ...values]) => [seconds(x), ...values.map((v) => (v === null ? null : Number(v)))])
    .filter(([x]) => Number.isFinite(x))
    .sort((a, b) => a[0] - b[0]);
  const from = (points.at(-1)?.[0] ?? 0) - within;
  const shown = points.filter(([x]) => x >= from);
  return Array.from({ length: lineCount + 1 }, (_, i) => shown.map((point) => point[i] ?? null));
}

/** Gold as a chart over its time column; knows nothing of what the tables are about. */
export function setUpGold() {
  const chart = lineChart(byId('chart'));
  const [tableSelect, measureSelect, seriesSelect, windowSelect] = [
    'table',
    'measure',
    'series',
    'window',
  ].map((name) => byId(`chart-${name}`));
  let plan;
  let tables = [];
  let lines = [];
  let looks = 0;
  let asked = 0;
  let busy = false;

  const table = () => tables.find((t) => t.name === tableSelect.value);

  function offer() {
    fill(
      measureSelect,
      drawable(table()).map((name) => [name, words(name)]),
    );
    const groups = seriesColumns(table());
    fill(seriesSelect, [...groups.map((name) => [name, words(name)]), [TOTAL, 'total']], groups[0] ?? TOTAL);
  }

  async function linesOf(chosen, measure, series) {
    if (series === TOTAL) return [title(measure)];
    if (looks++ % LOOK_AGAIN !== 0) return lines;
    const { rows } = await runSql(topSql(plan, chosen, measure, series, LINES));
    // In the order of the alphabet a line keeps its colour when ranks change.
    return rows.map(([value]) => String(value)).sort();
  }

  async function refresh() {
    const chosen = table();
    const [measure, series, within] = [measureSelect.value, seriesSelect.value, Number(windowSelect.value)];
    const ask = ++asked;
    const names = await linesOf(chosen, measure, series);
    if (ask !== asked) return;
    lines = names;
    if (names.length === 0) {
      looks = 0;
      chart.say('No rows yet. The chart begins with the first merge.');
      return;
    }
    const sql = lineSql(plan, chosen, measure, series === TOTAL ? undefined : series, names);
    const { rows } = await runSql(sql);
    // Somebody chose something else meanwhile.
    if (ask !== asked) return;
    const data = listsOf(rows, names.length, within);
    const kind = chosen.columns.find((c) => c.name === timeColumn(chosen)).type.kind;
    if (rows.length === 0) chart.say('No rows yet. The chart begins with the first merge.');
    else chart.show({ names, dates: kind === 'date', data });
    const how = HOW[together(chosen, measure)];
    const by = series === TOTAL ? 'over all groups' : `for the ${names.length} largest by ${words(series)}`;
    say(
      byId('chart-note'),
      `${title(measure)} by ${words(timeColumn(chosen))}, ${by}, ${how}. Times are UTC.`,
    );
  }

  async function safely() {
    try {
      await refresh();
    } catch (error) {
      looks = 0;
      say(byId('chart-note'), error.message);
    }
  }

  function choose() {
    looks = 0;
    void safely();
  }

  return {
    redraw: () => chart.redraw(),
    start(given) {
      plan = given;
      tables = plan.gold.filter((t) => timeColumn(t) !== undefined && drawable(t).length > 0);
      if (tables.length === 0) {
        byId('chart-panel').hidden = true;
        return;
      }
      fill(
        tableSelect,
        tables.map((t) => [t.name, words(t.name)]),
      );
      fill(
        windowSelect,
        WINDOWS.map(([text, value]) => [String(value), text]),
      );
      offer();
      tableSelect.addEventListener('change', () => {
        offer();
        choose();
      });
      for (const select of [measureSelect, seriesSelect, windowSelect])
        select.addEventListener('change', choose);
      choose();
      setInterval(async () => {
        if (busy || document.hidden) return;
        busy = true;
        await safely();
        busy = false;
      }, EVERY);
    },
  };
}
