import { runSql } from './api.js';
import { lineChart } from './chart.js';
import { byId, make, say } from './dom.js';
import { title, words } from './format.js';
import { listsOf } from './points.js';
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

function fill(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, text]) => make('option', { value }, text)));
  if (chosen !== undefined && choices.some(([value]) => value === chosen)) select.value = chosen;
  select.disabled = choices.length < 2;
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
  let lines = { values: [], others: false };
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
    if (series === TOTAL) return { values: [], others: false };
    if (looks++ % LOOK_AGAIN !== 0) return lines;
    const { rows } = await runSql(topSql(plan, chosen, measure, series, LINES + 1));
    // In the order of the alphabet a line keeps its colour when ranks change.
    const values = rows.slice(0, LINES).map(([value]) => String(value));
    return { values: values.sort(), others: rows.length > LINES && together(chosen, measure) === 'sum' };
  }

  async function refresh() {
    const chosen = table();
    const [measure, series, within] = [measureSelect.value, seriesSelect.value, Number(windowSelect.value)];
    const ask = ++asked;
    const found = await linesOf(chosen, measure, series);
    if (ask !== asked) return;
    lines = found;
    const names =
      series === TOTAL ? [title(measure)] : [...found.values, ...(found.others ? ['others'] : [])];
    const sql =
      names.length > 0 && lineSql(plan, chosen, measure, series === TOTAL ? undefined : series, found);
    const { rows } = sql === false ? { rows: [] } : await runSql(sql);
    // Somebody chose something else meanwhile.
    if (ask !== asked) return;
    if (rows.length === 0) {
      looks = 0;
      chart.say('No rows yet. The chart begins with the first merge.');
      return;
    }
    const how = together(chosen, measure);
    const stacked = how === 'sum' && names.length > 1;
    const data = listsOf(rows, { lines: names.length, within, empty: how === 'sum' ? 0 : null });
    const dates = chosen.columns.find((c) => c.name === timeColumn(chosen)).type.kind === 'date';
    chart.show({ names, dates, stacked, data });
    const by =
      series === TOTAL ? 'over all groups' : `for the ${found.values.length} largest by ${words(series)}`;
    say(
      byId('chart-note'),
      `${title(measure)} by ${words(timeColumn(chosen))}, ${by}, ${HOW[how]}. Times are UTC.`,
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
        String(7 * DAY),
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
