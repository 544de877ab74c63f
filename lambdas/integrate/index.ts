import type { Context } from 'aws-lambda';
import { goldTable, silverTable } from '../../src/definition/tables.ts';
import type { StepResult } from '../../src/integrate/ports.ts';
import { runStep } from '../../src/integrate/run.ts';
import type { IntegrationStep } from '../../src/integrate/steps.ts';
import { tableKey } from '../../src/ports/catalog.ts';
import { openEngine } from '../engine.ts';
import { MetricName } from '../metric-names.ts';
import { once } from '../once.ts';
import { readPlan, readSettings } from '../settings.ts';
import { openStores } from '../stores.ts';
import { Telemetry } from '../telemetry.ts';

const settings = readSettings(process.env);
const telemetry = new Telemetry('integrate');
const plan = readPlan();
const { io, scratch } = openStores(settings);
const engine = once(() => openEngine(settings, scratch));

/** One round of one step; the state machine calls again while `more` is true. */
export const handler = (step: IntegrationStep, context: Context): Promise<StepResult> =>
  telemetry.invocation(context, async () => {
    const name = step.kind === 'merge' ? silverTable(plan, step.table) : goldTable(plan, step.table);
    const about = { table: tableKey(name) };
    const ports = {
      plan,
      io,
      engine: await engine(),
      scratch,
      log: telemetry.log,
      maxRows: settings.maxRows,
    };
    try {
      const result = await runStep(ports, step);
      telemetry.measure(about, {
        [MetricName.rowsRead]: result.read,
        [MetricName.rowsMerged]: result.changed,
      });
      return result;
    } catch (error) {
      telemetry.measure(about, { [MetricName.mergeFailed]: 1 });
      throw error;
    } finally {
      io.store.release();
    }
  });
