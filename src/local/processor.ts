import type { Plan } from '../definition/plan.ts';
import type { Engine } from '../engine/session.ts';
import { currentSchema, requireTable } from '../iceberg/index.ts';
import { Processor } from '../ingest/processor.ts';
import type { Log } from '../ports/log.ts';
import type { LocalStores } from './stores.ts';

/** A stream's processor over the local adapters. */
export function processorFor(
  stores: LocalStores,
  plan: Plan,
  planVersion: number,
  stream: string,
  engine: Engine,
  log: Log,
): Processor {
  const { io, ledger, hotStore, notifier, scratch, warehouse } = stores;
  return new Processor(plan, planVersion, stream, {
    ledger,
    engine,
    hotStore,
    notifier,
    clock: io.clock,
    log,
    staging: { store: io.store, random: io.random, prefix: `${warehouse}_staged/`, scratch },
    destination: async (name) => ({
      name,
      schema: currentSchema((await requireTable(io, name)).metadata),
    }),
  });
}
