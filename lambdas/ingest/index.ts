import type { Context } from 'aws-lambda';
import { createIngestHandler } from '../../src/ingest/handler.ts';
import type { BatchResponse, KinesisEvent } from '../../src/ingest/event.ts';
import { isKind } from '../../src/errors.ts';
import { MetricName } from '../metric-names.ts';
import { once } from '../once.ts';
import { asInPlan, startProcessor } from '../processor.ts';
import { readPlan, readSettings } from '../settings.ts';
import { Telemetry } from '../telemetry.ts';

const settings = readSettings(process.env);
const telemetry = new Telemetry('ingest');
const plan = readPlan();
const start = once(() => startProcessor(settings, plan, telemetry.log));

async function ingest(event: KinesisEvent): Promise<BatchResponse> {
  const { processor } = await start();
  const handle = createIngestHandler(processor, ({ received, quarantined }) =>
    telemetry.measure(
      { stream: settings.stream },
      { [MetricName.received]: received, [MetricName.quarantined]: quarantined },
    ),
  );
  return handle(event);
}

/** A batch of one shard: when it returns, every record is claimed. */
export const handler = (event: KinesisEvent, context: Context): Promise<BatchResponse> =>
  telemetry.invocation(context, async () => {
    const named = asInPlan(event, settings.stream);
    try {
      return await ingest(named);
    } catch (error) {
      // A newer plan has claimed here. After a rollback this one is the newest again, under a new version.
      if (!isKind(error, 'refused')) throw error;
      if (!(await (await start()).renew())) throw error;
      return ingest(named);
    }
  });
