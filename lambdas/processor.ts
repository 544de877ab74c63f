import { DynamoDeployments } from '../src/adapters/aws/dynamo-deployments.ts';
import { DynamoHotStore } from '../src/adapters/aws/dynamo-hot-store.ts';
import { dynamoClients, eventBridgeClient, snsClient } from '../src/adapters/aws/aws-clients.ts';
import { EventBridgeNotifier } from '../src/adapters/aws/eventbridge-notifier.ts';
import { FanOutNotifier } from '../src/adapters/aws/fan-out-notifier.ts';
import { SnsNotifier } from '../src/adapters/aws/sns-notifier.ts';
import type { Plan } from '../src/definition/plan.ts';
import { loadReference } from '../src/engine/references.ts';
import type { Engine } from '../src/engine/session.ts';
import type { KinesisEvent } from '../src/ingest/event.ts';
import { Processor } from '../src/ingest/processor.ts';
import type { Notifier } from '../src/ports/effects.ts';
import type { Log } from '../src/ports/log.ts';
import { Destinations } from './destinations.ts';
import { openEngine } from './engine.ts';
import { referenceFile } from './reference-file.ts';
import { definitionFile, type HandlerSettings } from './settings.ts';
import { openLedger, openStores, pace } from './stores.ts';

/** The processor of this sandbox. */
export interface RunningProcessor {
  processor: Processor;
  /** Looks up this plan's version anew. @returns whether it has grown, so that the batch is worth another try */
  renew(): Promise<boolean>;
}

/**
 * Records under the stream's name in the plan, which the ledger and the tables know it by. The real one depends on the
 * deployment, and with enhanced fan-out the event names a consumer.
 */
export function asInPlan(event: KinesisEvent, stream: string): KinesisEvent {
  const eventSourceARN = `arn:aws:kinesis:::stream/${stream}`;
  return { Records: event.Records.map((record) => ({ ...record, eventSourceARN })) };
}

function notifierOf({ aws, topics, eventBus }: HandlerSettings): Notifier {
  if (eventBus === undefined) return { notify: () => Promise.resolve() };
  return new FanOutNotifier([
    new SnsNotifier(snsClient(aws), pace, { topics }),
    new EventBridgeNotifier(eventBridgeClient(aws), pace, { bus: eventBus }),
  ]);
}

async function loadReferences(engine: Engine, plan: Plan, stream: string): Promise<void> {
  const used = new Set(plan.realtime.filter((t) => t.stream === stream).flatMap((t) => t.references));
  const session = await engine.session();
  try {
    for (const reference of plan.references.filter((r) => used.has(r.name)))
      await loadReference(
        session,
        reference,
        definitionFile(referenceFile(reference.name, reference.source)),
      );
  } finally {
    await session.close();
  }
}

/**
 * The version of this function's plan. The deployment notes the plan in force before it changes any function: one that
 * carries another plan is older, and its claims end when the newer one's begin.
 */
async function planVersion(settings: HandlerSettings): Promise<number> {
  const deployments = new DynamoDeployments(dynamoClients(settings.aws), pace, settings.ledger);
  const current = await deployments.current(settings.lakehouse);
  if (!current) return 0;
  return current.hash === settings.planHash ? current.version : current.version - 1;
}

/** Starts an engine with the references, and what a processor needs of AWS. */
export async function startProcessor(
  settings: HandlerSettings,
  plan: Plan,
  log: Log,
): Promise<RunningProcessor> {
  const { io, scratch } = openStores(settings);
  const [version, engine] = await Promise.all([planVersion(settings), openEngine(settings, scratch)]);
  await loadReferences(engine, plan, settings.stream);
  const destinations = new Destinations(io, plan);
  const make = (of: number): Processor =>
    new Processor(plan, of, settings.stream, {
      ledger: openLedger(settings),
      engine,
      hotStore: new DynamoHotStore(dynamoClients(settings.aws), pace, { tableName: settings.hotStore }),
      notifier: notifierOf(settings),
      clock: pace.clock,
      log,
      staging: { store: io.store, random: pace.random, prefix: `${settings.warehouse}_staged/`, scratch },
      destination: (name) => destinations.of(name),
    });
  let known = version;
  const running: RunningProcessor = {
    processor: make(version),
    async renew() {
      const fresh = await planVersion(settings);
      if (fresh <= known) return false;
      known = fresh;
      running.processor = make(fresh);
      return true;
    },
  };
  return running;
}
