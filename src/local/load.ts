import { join } from 'node:path';
import { commitPending } from '../commit/committer.ts';
import type { Plan } from '../definition/plan.ts';
import { quarantineTable, realtimeTable } from '../definition/tables.ts';
import { loadReference } from '../engine/references.ts';
import { Engine } from '../engine/session.ts';
import { runIntegration } from '../integrate/run.ts';
import { loadRecords, loadShard, type Loaded } from '../operate/load.ts';
import type { Log } from '../ports/log.ts';
import type { Deployment } from './deployment.ts';
import { processorFor } from './processor.ts';
import { readLines } from './producer.ts';
import type { LocalStores } from './stores.ts';

const MERGE_ROWS = 250_000;

/**
 * Loads a file into a stream's tables and merges it, beside a running lakehouse or without one.
 * @param base folder that relative paths of references start from
 */
export async function loadFile(
  stores: LocalStores,
  { plan, version }: Deployment,
  base: string,
  stream: string,
  file: string,
  log: Log,
): Promise<Loaded> {
  const { io, ledger, scratch } = stores;
  const engine = await openEngine(stores, plan, base);
  try {
    const processor = processorFor(stores, plan, version, stream, engine, log);
    const shard = await loadShard(readLines(file));
    const loaded = await loadRecords(processor, stream, shard, readLines(file), io.clock);
    const names = plan.realtime.filter((t) => t.stream === stream).map((t) => realtimeTable(plan, t.name));
    for (const name of [...names, quarantineTable(plan)])
      while (await commitPending({ io, ledger, log }, name)) continue;
    const ports = { plan, io, engine, scratch, log, maxRows: MERGE_ROWS };
    while ((await runIntegration(ports)).some((r) => r.more)) continue;
    return loaded;
  } finally {
    await engine.close();
  }
}

async function openEngine(stores: LocalStores, plan: Plan, base: string): Promise<Engine> {
  const engine = await Engine.open({ threads: 2, joinsAsWritten: true, tempDirectory: stores.scratch });
  const session = await engine.session();
  for (const reference of plan.references)
    await loadReference(session, reference, join(base, reference.source));
  await session.close();
  return engine;
}
