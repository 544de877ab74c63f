import type { Context } from 'aws-lambda';
import { tablesOfStreamEvent, type LedgerStreamEvent } from '../../src/adapters/aws/ledger-stream.ts';
import { quarantineTable, realtimeTable } from '../../src/definition/tables.ts';
import { tableKey } from '../../src/ports/catalog.ts';
import { CommitRound } from '../commit-round.ts';
import { readPlan, readSettings } from '../settings.ts';
import { openLedger, openStores } from '../stores.ts';
import { Telemetry } from '../telemetry.ts';

const settings = readSettings(process.env);
const telemetry = new Telemetry('commit');
const plan = readPlan();
const { io } = openStores(settings);
const round = new CommitRound({ io, ledger: openLedger(settings), log: telemetry.log }, telemetry);
const tables = [...plan.realtime.map((t) => realtimeTable(plan, t.name)), quarantineTable(plan)];
const ours = new Set(tables.map(tableKey));

/** Woken with the ledger's changes, or by the sweep, which looks at every table. */
export const handler = (event: LedgerStreamEvent | { sweep: true }, context: Context): Promise<void> =>
  telemetry.invocation(context, () =>
    'sweep' in event
      ? round.run(tables, { empty: true })
      : round.run(
          tablesOfStreamEvent(event).filter((t) => ours.has(tableKey(t))),
          { empty: false },
        ),
  );
