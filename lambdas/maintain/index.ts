import type { Context } from 'aws-lambda';
import { openEngine } from '../engine.ts';
import { Maintenance } from '../maintenance.ts';
import { once } from '../once.ts';
import { readPlan, readSettings } from '../settings.ts';
import { openLedger, openStores } from '../stores.ts';
import { Telemetry } from '../telemetry.ts';
import { ObjectUnreferencedLog } from '../unreferenced-log.ts';

const settings = readSettings(process.env);
const telemetry = new Telemetry('maintain');
const plan = readPlan();
const { io, scratch } = openStores(settings);
const ledger = openLedger(settings);
const engine = once(() => openEngine(settings, scratch));

/** Merges small files; asked to clean, deletes what nothing has named for long. */
export const handler = (event: { clean?: boolean }, context: Context): Promise<void> =>
  telemetry.invocation(context, async () => {
    const log = new ObjectUnreferencedLog(io, `${settings.warehouse}_maintenance/`);
    const maintenance = new Maintenance({
      plan,
      warehouse: settings.warehouse,
      keepMs: settings.keepHours * 3_600_000,
      ports: { io, ledger, scratch, log, engine: await engine() },
      log: telemetry.log,
      // Ten seconds to end in, and no work that would not fit.
      until: io.clock.now() + context.getRemainingTimeInMillis() - 10_000,
    });
    try {
      await maintenance.compact();
      if (event.clean === true) await maintenance.clean();
    } finally {
      io.store.release();
    }
  });
