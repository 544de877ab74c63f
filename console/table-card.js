import { make, say } from './dom.js';
import { ago, bytes, count, plural, span } from './format.js';
import { glide } from './glide.js';
import { tidemarkView } from './tidemark.js';

/** Milliseconds for which a card glows after a commit. */
const GLOW = 1200;

function files(table) {
  const deletes = table.deleteFiles > 0 ? `, ${plural(table.deleteFiles, 'delete file')}` : '';
  return `${plural(table.dataFiles, 'file')}${deletes} · ${bytes(table.bytes)}`;
}

function merge({ read, changed, elapsedMs }) {
  return `merged ${count(read)} → ${plural(changed, 'row')} in ${span(elapsedMs)}`;
}

/** What is worth saying of this layer beyond rows and files; two lines at most. */
function remarks(table) {
  const lines = [];
  if (table.freshness !== undefined && table.freshness.samples > 0) {
    lines.push(`fresh in ${span(table.freshness.p50)}, ${span(table.freshness.p99)} at p99`);
  }
  if (table.lastMerge !== undefined) lines.push(merge(table.lastMerge));
  return lines;
}

/**
 * A card for one table.
 * @param {{ table: string, layer: string }} table
 * @param {string} note a few words under the name: mode, source
 */
export function tableCard(table, note) {
  const rows = make('span.rows-number');
  const age = make('span.age');
  const size = make('p.facts');
  const more = make('p.facts');
  const mark = tidemarkView(table.layer === 'silver' ? 'real-time' : '');
  const root = make(
    'article.card',
    { 'data-layer': table.layer },
    make('div.card-head', {}, make('h3', { title: `${table.database}.${table.table}` }, table.table), age),
    make('p.rows', {}, rows, make('span.unit', {}, 'rows'), make('span.card-note', { title: note }, note)),
    size,
    more,
    mark.root,
  );
  let snapshot;
  let glowUntil = 0;
  return {
    root,
    /** @returns true when the table got a new snapshot since the last call */
    show(current, state) {
      const { now } = state;
      glide(rows, current.rows, count);
      say(age, current.committedAt === undefined ? 'no commit yet' : ago(now - current.committedAt));
      say(size, files(current));
      const lines = remarks(current);
      more.hidden = lines.length === 0;
      say(more, lines.join(' · '));
      mark.show(
        current,
        state.tables.filter((t) => t.layer === 'realtime'),
        now,
      );
      const moved = snapshot !== undefined && snapshot !== current.snapshotId;
      snapshot = current.snapshotId ?? '';
      if (moved) glowUntil = now + GLOW;
      root.classList.toggle('glow', now < glowUntil);
      return moved;
    },
  };
}
