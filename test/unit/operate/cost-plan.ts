import type { Plan } from '../../../src/definition/plan.ts';
import { compileLakehouse } from '../../../src/engine/compile.ts';
import { column, defineLakehouse, sql } from '../../../src/definition/index.ts';

/** One stream of three columns, one table of each layer. */
export function shopPlan(more: { hotKey?: string[]; retentionHours?: number } = {}): Promise<Plan> {
  const { hotKey, retentionHours } = more;
  return compileLakehouse(
    defineLakehouse('shop', {
      streams: {
        orders: {
          columns: { id: column.string(), placed_at: column.timestamp(), amount: column.double() },
          eventTime: 'placed_at',
          ...(retentionHours === undefined ? {} : { retentionHours }),
        },
      },
      realtime: { activity: { from: 'orders', ...(hotKey ? { hotKey } : {}) } },
      silver: { latest: { mode: 'upsert', from: 'activity', key: ['id'] } },
      gold: {
        by_day: {
          from: 'latest',
          groupBy: { day: sql`CAST(placed_at AS date)` },
          measures: { n: sql`count(*)` },
        },
      },
    }),
  );
}
