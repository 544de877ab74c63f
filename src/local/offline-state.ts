import type { Plan } from '../definition/plan.ts';
import { quarantinedRows, tableStates } from './collect-state.ts';
import { Counters } from './counters.ts';
import { Metrics } from './metrics.ts';
import type { LakehouseState } from './state.ts';
import type { LocalStores } from './stores.ts';

/** The state of a data folder that nobody runs: what its tables and its last run say. */
export async function offlineState(stores: LocalStores, plan: Plan): Promise<LakehouseState> {
  const { io, database, notifier } = stores;
  const now = io.clock.now();
  const tables = await tableStates(io, new Metrics(database), plan);
  const counters = new Counters(database, io.clock);
  return {
    lakehouse: plan.name,
    now,
    startedAt: now,
    endpoint: '',
    streams: plan.streams.map((s) => ({
      name: s.name,
      shards: s.shards,
      records: counters.total(s.name),
      perSecond: 0,
      lagMs: 0,
    })),
    replays: [],
    tables,
    alerts: { total: notifier.count(), recent: notifier.recent(50) },
    quarantined: quarantinedRows(plan, tables),
  };
}
