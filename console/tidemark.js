import { make, say } from './dom.js';
import { count } from './format.js';

/** More shards than this are drawn as a grid of small cells. */
const ROWS = 4;
const CELLS = 96;
/** Seconds in which the bar of a shard that stands still falls to about a third. */
const EBB = 12;

/** `shardId-000000000003` → `3`. */
function shortShard(shard) {
  return /0*(\d+)$/.exec(shard)?.[1] ?? shard;
}

/** The last digits of a position, which is too long to read and needs only to be seen moving. */
function shortPosition(position) {
  return `…${position.slice(-6)}`;
}

function flatten(positions) {
  const several = Object.keys(positions).length > 1;
  return Object.entries(positions)
    .flatMap(([source, shards]) =>
      Object.entries(shards).map(([shard, position]) => {
        const name = several ? `${source} ${shortShard(shard)}` : shortShard(shard);
        return { key: `${source} ${shard}`, source, shard, name, position };
      }),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/**
 * How many shards of `positions` hold everything that `upstream` tables hold; undefined where that cannot be said.
 * Positions are zero-padded: the order of the text is the order of the stream.
 */
function level(positions, upstream) {
  let known = 0;
  let even = 0;
  for (const [source, shards] of Object.entries(positions)) {
    const table = upstream.find((t) => t.table === source || `${t.database}.${t.table}` === source);
    const there = table === undefined ? {} : Object.assign({}, ...Object.values(table.tidemark));
    for (const [shard, position] of Object.entries(shards)) {
      if (there[shard] === undefined) continue;
      known++;
      if (position >= there[shard]) even++;
    }
  }
  return known === 0 ? undefined : { known, even };
}

/**
 * The tidemark of one table: a bar for each shard that is full when its position moves and ebbs while it rests.
 * @param {string} upstreamLayer what the positions are compared with, in words; empty when with nothing
 */
export function tidemarkView(upstreamLayer) {
  const caption = make('p.mark-caption', {}, make('span', {}, 'tidemark'), make('span.mark-level'));
  const list = make('ul.mark-list');
  const root = make('div.tidemark', { hidden: '' }, caption, list);
  const shards = new Map();

  function row(entry, compact) {
    const bar = make('span.ebb');
    const digits = make('span.digits');
    const item = compact
      ? make('li.cell', {}, bar)
      : make('li.shard', {}, make('span.shard-name', {}, entry.name), make('span.track', {}, bar), digits);
    list.append(item);
    return { item, bar, digits, position: '', movedAt: 0 };
  }

  function draw(entries, now, committedAt) {
    for (const entry of entries) {
      const shard = shards.get(entry.key);
      if (shard.position !== entry.position) {
        // Before the page was opened, the commit is the nearest to what is known of the last move.
        shard.movedAt = shard.position === '' ? (committedAt ?? 0) : now;
        shard.position = entry.position;
        say(shard.digits, shortPosition(entry.position));
        shard.item.title = `${entry.source}, ${entry.shard}\n${entry.position}`;
      }
      const fill = Math.exp(-Math.max(0, now - shard.movedAt) / 1000 / EBB);
      shard.bar.style.transform = `scaleX(${Math.max(0.04, fill).toFixed(3)})`;
      shard.bar.style.opacity = (0.4 + 0.6 * fill).toFixed(2);
    }
  }

  return {
    root,
    show(table, upstream, now) {
      const all = flatten(table.tidemark);
      root.hidden = all.length === 0;
      const entries = all.slice(0, CELLS);
      const compact = all.length > ROWS;
      if (entries.some((e) => !shards.has(e.key)) || entries.length !== shards.size) {
        list.replaceChildren();
        list.classList.toggle('grid', compact);
        shards.clear();
        for (const entry of entries) shards.set(entry.key, row(entry, compact));
      }
      draw(entries, now, table.committedAt);
      const even = upstreamLayer === '' ? undefined : level(table.tidemark, upstream);
      const words =
        even === undefined
          ? `${count(all.length)} ${all.length === 1 ? 'shard' : 'shards'}`
          : even.even === even.known
            ? `level with ${upstreamLayer}`
            : even.even === 0
              ? `behind ${upstreamLayer}`
              : `${even.known - even.even} of ${even.known} shards behind ${upstreamLayer}`;
      say(caption.lastChild, words);
    },
  };
}
