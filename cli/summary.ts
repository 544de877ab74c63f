import type { LakehouseState, TableState } from '../src/local/state.ts';
import { duration, number, render, size } from './render.ts';

const last = (position: string): string => position.replace(/^0+/, '').slice(-12) || '—';

/** The tidemark for people: how many shards, and the end of the newest position. */
function tidemarkText(table: TableState): string {
  const shards = Object.values(table.tidemark).flatMap((byShard) => Object.values(byShard));
  if (shards.length === 0) return '—';
  const newest = shards.reduce((a, b) => (a > b ? a : b));
  return `…${last(newest)} (${shards.length} ${shards.length === 1 ? 'shard' : 'shards'})`;
}

function mergeText({ lastMerge }: TableState, now: number): string {
  if (!lastMerge) return '';
  return `${number(lastMerge.changed)} rows in ${duration(lastMerge.elapsedMs)}, ${duration(now - lastMerge.at)} ago`;
}

/** One line a table: rows, files, tidemark, freshness, last merge. */
export function renderTables(state: LakehouseState): string {
  return render(
    {
      columns: [
        'layer',
        'table',
        'rows',
        'files',
        'deletes',
        'size',
        'fresh p50',
        'p99',
        'last merge',
        'tidemark',
      ],
      rows: state.tables.map((t) => [
        t.layer,
        t.table,
        t.rows,
        t.dataFiles,
        t.deleteFiles,
        size(t.bytes),
        t.freshness ? duration(t.freshness.p50) : '',
        t.freshness ? duration(t.freshness.p99) : '',
        mergeText(t, state.now),
        tidemarkText(t),
      ]),
    },
    'table',
  );
}

/** What a run came to. */
export function renderSummary(state: LakehouseState, elapsedMs: number): string {
  const records = state.streams.reduce((n, s) => n + s.records, 0);
  const peak = process.resourceUsage().maxRSS * 1024;
  return [
    renderTables(state),
    '',
    `${number(records)} records claimed, ${number(state.quarantined)} in quarantine, ${number(state.alerts.total)} alerts; ` +
      `this run took ${duration(elapsedMs)}, at most ${size(peak)} of memory.`,
  ].join('\n');
}
