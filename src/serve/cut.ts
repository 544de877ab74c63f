import type { Position } from '../ports/ledger.ts';
import { literal } from '../engine/sql-text.ts';
import type { Predicate } from '../iceberg/index.ts';

/** Per shard, up to where Silver holds every row of a real-time table. */
export type Cut = Readonly<Record<string, Position>>;

/** With more shards than this the condition would cost more than it saves; files are still left out. */
const MAX_IN_TEXT = 100;

/** SQL condition of rows beyond the cut, rows of unknown shards included. */
export function beyondSql(cut: Cut): string | undefined {
  const shards = Object.entries(cut);
  if (shards.length === 0 || shards.length > MAX_IN_TEXT) return undefined;
  const held = shards.map(([shard, upTo]) => `(_shard = ${literal(shard)} AND _seq <= ${literal(upTo)})`);
  return `NOT (${held.join(' OR ')})`;
}

/** The same as a filter of files: the shards between those of the cut are named by ranges. */
export function beyondPredicate(cut: Cut): Predicate {
  const shards = Object.keys(cut).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (shards.length === 0) return { and: [] };
  const own = shards.map((shard): Predicate => ({
    and: [
      { column: '_shard', op: '=', value: shard },
      { column: '_seq', op: '>', value: cut[shard]! },
    ],
  }));
  const gaps = [undefined, ...shards].map((low, i): Predicate => {
    const high = shards[i];
    return {
      and: [
        ...(low === undefined ? [] : [{ column: '_shard', op: '>' as const, value: low }]),
        ...(high === undefined ? [] : [{ column: '_shard', op: '<' as const, value: high }]),
      ],
    };
  });
  return { or: [...own, ...gaps] };
}
