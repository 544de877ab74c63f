import { runSql } from './api.js';
import { byId, make, say } from './dom.js';
import { examplesOf, quarantineExample } from './examples.js';
import { count, plural, span } from './format.js';
import { DRAWN, resultTable } from './result-table.js';

function summary({ rows, truncated, elapsedMs }) {
  const shown = rows.length > DRAWN ? `, the first ${count(DRAWN)} shown` : '';
  const more = truncated ? ' and more: a LIMIT or a GROUP BY makes it whole' : '';
  return `${plural(rows.length, 'row')}${shown}${more} · ${span(elapsedMs)}`;
}

function showError(error) {
  const box = byId('query-error');
  box.replaceChildren(make('p', {}, error.message));
  if (error.remedy !== undefined) box.append(make('p.remedy', {}, error.remedy));
  box.hidden = false;
}

/** The SQL box: examples, the statement, its result. */
export function setUpQuery(plan) {
  const text = byId('sql');
  const button = byId('run');
  const result = byId('result');
  let running = false;

  async function run() {
    const sql = text.value.trim().replace(/;$/, '');
    if (running || sql === '') return;
    running = true;
    button.disabled = true;
    say(byId('query-note'), 'running…');
    byId('query-error').hidden = true;
    try {
      const answer = await runSql(sql);
      result.replaceChildren(resultTable(answer));
      result.scrollTo(0, 0);
      result.hidden = answer.columns.length === 0;
      say(byId('query-note'), summary(answer));
    } catch (error) {
      // The old result would read as the answer to this question.
      result.replaceChildren();
      result.hidden = true;
      say(byId('query-note'), 'that did not work');
      showError(error);
    } finally {
      running = false;
      button.disabled = false;
    }
  }

  function fill(sql) {
    text.value = sql;
    text.rows = Math.min(12, Math.max(4, sql.split('\n').length));
  }

  const examples = examplesOf(plan);
  byId('chips').append(
    ...examples.map(({ label, sql }) => {
      const chip = make('button.chip', { type: 'button', title: sql }, label);
      chip.addEventListener('click', () => {
        fill(sql);
        void run();
      });
      return make('li', {}, chip);
    }),
  );
  fill(examples[0].sql);
  byId('ask').addEventListener('submit', (event) => {
    event.preventDefault();
    void run();
  });
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void run();
  });
  byId('quarantine-link').addEventListener('click', () => {
    fill(quarantineExample(plan));
    text.focus({ preventScroll: true });
    void run();
  });
}
