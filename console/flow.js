import { byId, make } from './dom.js';
import { edgesOf, linksView } from './links.js';
import { streamCard } from './stream-card.js';
import { tableCard } from './table-card.js';

/**
 * The plan's tables in the order of their cards, each with a few words from the plan. A table stands where its source
 * stands, so that lines cross as little as may be.
 */
function notesOf(plan) {
  const after = (tables, sources, sourceOf) => {
    const rank = (t) => Math.min(...sourceOf(t).map((name) => sources.findIndex((s) => s.name === name)));
    return [...tables].sort((a, b) => rank(a) - rank(b));
  };
  const realtime = after(plan.realtime, plan.streams, (t) => [t.stream]);
  const silver = after(plan.silver, realtime, (t) => t.groups.map((g) => g.from));
  const gold = after(plan.gold, silver, (t) => [t.from]);
  return new Map([
    ...realtime.map((t) => [`realtime:${t.name}`, `from ${t.stream}`]),
    ...silver.map((t) => [
      `silver:${t.name}`,
      t.key.length === 0 ? t.mode : `${t.mode} by ${t.key.join(', ')}`,
    ]),
    ...gold.map((t) => [`gold:${t.name}`, `by ${t.groupBy.map((g) => g.name).join(', ')}`]),
    ['ops:quarantine', 'refused, kept whole'],
  ]);
}

/** Where a layer's cards stand; what was refused stands below the streams it came from. */
const PLACES = { stream: 'streams', realtime: 'realtime', silver: 'silver', gold: 'gold', ops: 'streams' };

/** The way of the data: a column of cards for each layer, and the lines between them. */
export function setUpFlow(plan) {
  const cards = new Map();
  const notes = notesOf(plan);
  let links;

  function add(id, layer, card) {
    cards.set(id, card);
    byId(PLACES[layer] ?? 'streams').append(card.root);
  }

  /** Cards as the plan orders them, then whatever tables the state has beyond it. */
  function build(state) {
    for (const s of state.streams) add(`stream:${s.name}`, 'stream', streamCard(s.name));
    const rank = [...notes.keys()];
    const place = (t) => (rank.indexOf(`${t.layer}:${t.table}`) + rank.length + 1) % (rank.length + 1);
    for (const t of [...state.tables].sort((a, b) => place(a) - place(b))) {
      const id = `${t.layer}:${t.table}`;
      add(id, t.layer, tableCard(t, notes.get(id) ?? ''));
    }
    for (const column of document.querySelectorAll('.flow .cards')) {
      if (column.childElementCount === 0) column.append(make('p.empty', {}, 'none in this lakehouse'));
    }
    links = linksView(byId('links'), edgesOf(plan), new Map([...cards].map(([id, card]) => [id, card.root])));
  }

  return {
    show(state) {
      if (links === undefined) build(state);
      const changed = new Set();
      for (const stream of state.streams) cards.get(`stream:${stream.name}`)?.show(stream, state);
      for (const table of state.tables) {
        const id = `${table.layer}:${table.table}`;
        if (cards.get(id)?.show(table, state)) changed.add(id);
      }
      links.show(changed, state.now);
    },
  };
}
