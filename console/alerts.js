import { byId, make } from './dom.js';
import { moment, title, words } from './format.js';

/** Older ones leave the page; the total still counts them. */
const KEPT = 40;

function valueText(value) {
  if (typeof value === 'object') return JSON.stringify(value);
  const text = String(value);
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text)
    ? moment(text.replace(' ', 'T').replace(/Z?$/, 'Z'))
    : text;
}

/** Columns by how much they say of an alert: those its rule names, keys, then the rest in the table's order. */
function orderOf(plan, name) {
  const alert = plan.alerts.find((a) => a.name === name);
  const table = plan.realtime.find((t) => t.name === alert?.from);
  const columns = table?.columns.map((c) => c.name) ?? [];
  const named = new Set(alert?.when.athena.match(/[A-Za-z_][A-Za-z0-9_]*/g) ?? []);
  const keys = new Set([
    ...(table?.hotKey ?? []),
    ...plan.silver.filter((s) => s.groups.some((g) => g.from === table?.name)).flatMap((s) => s.key),
  ]);
  const because = columns.filter((c) => named.has(c));
  const who = columns.filter((c) => keys.has(c) && !named.has(c));
  return { because, about: [...who, ...columns.filter((c) => !because.includes(c) && !who.includes(c))] };
}

/** `delay minutes 214` as a term; nothing for absent values. */
function terms(row, names) {
  return names
    .filter((n) => row[n] !== null && row[n] !== undefined)
    .map((n) => [words(n), valueText(row[n])]);
}

function sentence(list, strong) {
  return list.flatMap(([name, value], i) => [
    ...(i === 0 ? [] : [', ']),
    `${name} `,
    strong ? make('strong', {}, value) : make('span.value', {}, value),
  ]);
}

function item(alert, plan) {
  const { because, about } = orderOf(plan, alert.alert);
  const eventTime = plan.realtime.find(
    (t) => t.name === plan.alerts.find((a) => a.name === alert.alert)?.from,
  )?.eventTime;
  // A row of a table that the plan does not know still has its own order; system columns begin with an underscore.
  const names = (about.length === 0 ? Object.keys(alert.row) : about).filter(
    (n) => !n.startsWith('_') && n !== eventTime,
  );
  const cause = terms(alert.row, because);
  const rest = terms(alert.row, names).slice(0, 6);
  const when = alert.eventTime === undefined ? '' : moment(alert.eventTime);
  return make(
    'li.alert',
    { title: `told to ${alert.notify}; ${alert.shard} at ${alert.position}` },
    make(
      'p.alert-head',
      {},
      make('strong', {}, title(alert.alert)),
      make('time', {}, when === '' ? '' : `${when} UTC`),
    ),
    make('p', {}, ...sentence(cause, true)),
    make('p.alert-rest', {}, ...sentence(rest, false)),
  );
}

/** The list of alerts, newest on top. */
export function setUpAlerts(plan) {
  const list = byId('alerts');
  const seen = new Set();

  function add(alert, fresh) {
    // Delivery is at least once, and the state brings recent ones again.
    if (seen.has(alert.id)) return;
    seen.add(alert.id);
    const node = item(alert, plan);
    if (fresh) node.classList.add('fresh');
    list.prepend(node);
    byId('alerts-empty').hidden = true;
    while (list.childElementCount > KEPT) list.lastElementChild.remove();
    // Far more ids than rows are kept, so that none comes back; the oldest leave first.
    if (seen.size > KEPT * 25) seen.delete(seen.values().next().value);
  }

  return {
    add: (alert) => add(alert, true),
    show(state) {
      const recent = [...state.alerts.recent].sort((a, b) => a.firedAt - b.firedAt).slice(-KEPT);
      for (const alert of recent) add(alert, state.now - alert.firedAt < 2000);
    },
  };
}
