import { integrationStages } from '../../../src/integrate/steps.ts';
import type { DefinitionFiles, HandlerName } from '../../../lib/assets.ts';
import type { Plan } from '../../../src/definition/plan.ts';
import { AwsDouble } from './aws-double.ts';
import { Bundles } from './bundles.ts';
import type { Call } from './call.ts';
import { earlierPlan, renamedPlan } from './plans.ts';
import type { DeployedFunction } from './policies.ts';
import { flight, kinesisEvent, largeFlight, NO_JSON, weather, type Produced } from './records.ts';
import { Sandbox } from './sandbox.ts';
import type { Environment } from './template-values.ts';

/** The double's disturbances end what they meet; after so many attempts all of them are over. */
const ATTEMPTS = 8;
/** Files of one size that compaction waits for. */
const BATCHES = 13;
/** So that all of them together are uploaded in parts. */
const LARGE_BYTES = 1_700_000;
const MEGABYTE = 1024 * 1024;
const EIGHT_DAYS_MS = 8 * 86_400_000;
const ASSETS = 'cdk-hnb659fds-assets-123456789012-eu-central-1';

/** Runs each function of a deployed lakehouse through its paths, and notes what it asks of AWS. */
export class Scenario {
  readonly #functions: DeployedFunction[];
  readonly #files: DefinitionFiles;
  readonly #place: Environment;
  readonly #aws: AwsDouble;
  readonly #bundles: Bundles;
  readonly #sandboxes: Sandbox[] = [];

  private constructor(
    functions: DeployedFunction[],
    files: DefinitionFiles,
    place: Environment,
    aws: AwsDouble,
    bundles: Bundles,
  ) {
    this.#functions = functions;
    this.#files = files;
    this.#place = place;
    this.#aws = aws;
    this.#bundles = bundles;
  }

  static async open(
    functions: DeployedFunction[],
    files: DefinitionFiles,
    place: Environment,
  ): Promise<Scenario> {
    return new Scenario(functions, files, place, await AwsDouble.open(place), await Bundles.open(files));
  }

  async close(): Promise<void> {
    await Promise.all(this.#sandboxes.map((sandbox) => sandbox.close()));
    await this.#aws.close();
    await this.#bundles.close();
  }

  /** What a function called. */
  calls(name: string): Call[] {
    return this.#aws.calls.filter((call) => call.caller === name);
  }

  /** Everything that was logged, for a test that fails. */
  get said(): string {
    return this.#sandboxes.map((sandbox) => sandbox.said).join('\n');
  }

  async run(): Promise<void> {
    await this.#deploy();
    const flights = await this.#start('ingest', 'flight_events');
    const observations = await this.#start('ingest', 'weather_observations');
    const commit = await this.#start('commit');
    const integrate = await this.#start('integrate');
    await this.#batches(flights, observations);
    await this.#commit(commit);
    await this.#integrate(integrate);
    await this.#changes(flights, observations);
    await this.#commit(commit);
    await this.#integrate(integrate);
    await this.#maintain();
  }

  /** Tables are made, changed, renamed and kept. */
  async #deploy(): Promise<void> {
    const tables = await this.#start('tables');
    const hash = this.#files.hash;
    await this.#request(tables, 'Create', await earlierPlan(), 'earlier');
    await this.#request(tables, 'Update', await renamedPlan(), hash);
    await this.#request(tables, 'Delete', await renamedPlan(), hash);
  }

  async #request(tables: Sandbox, RequestType: string, plan: Plan, hash: string): Promise<void> {
    const key = `${hash}.json`;
    this.#aws.s3.put(ASSETS, key, JSON.stringify(plan));
    const where = { PlanBucket: ASSETS, PlanKey: key, PlanHash: hash };
    const properties = { Lakehouse: plan.name, ...where, Allow: ['flights_gold.former.gone'] };
    const ids = { StackId: 'stack', RequestId: 'request', LogicalResourceId: 'Tables' };
    const event = { RequestType, ...ids, ResponseURL: this.#aws.answersUrl, ResourceProperties: properties };
    await persist(async () => {
      await tables.invoke(event);
      const told = this.#aws.told.at(-1);
      if (told?.Status !== 'SUCCESS') throw new Error(`CloudFormation was told: ${JSON.stringify(told)}`);
    });
  }

  /** Good, bad and filtered records, alerts, redelivery, and files that are uploaded in parts. */
  async #batches(flights: Sandbox, observations: Sandbox): Promise<void> {
    const first = [
      flight('A', 'scheduled', '08:00:00'),
      flight('A', 'departed', '14:00:00', { delay_minutes: 240 }),
      NO_JSON,
    ];
    await deliver(flights, 'shardId-0', 1, first);
    await deliver(flights, 'shardId-0', 1, first);
    await flights.invoke({ Records: [] });
    const huge = Array.from({ length: 18 }, (_, i) => largeFlight(`huge-${i}`, MEGABYTE));
    await deliver(flights, 'shardId-0', 10, huge);
    for (let batch = 0; batch < BATCHES; batch++) {
      const from = 1 + batch * 10;
      const delayed = flight(`B${batch}`, 'departed', '11:00:00', { delay_minutes: 60 });
      const large = largeFlight(`B${batch}`, LARGE_BYTES);
      await deliver(flights, 'shardId-1', from, [large, delayed, NO_JSON]);
      await deliver(observations, 'shardId-0', from, [weather('EWR', batch), weather('BOS', batch), NO_JSON]);
    }
  }

  /** Newer records for rows that are in Silver: what they replace is deleted by position. */
  async #changes(flights: Sandbox, observations: Sandbox): Promise<void> {
    const arrived = flight('A', 'arrived', '16:00:00', { delay_minutes: 200 });
    await deliver(flights, 'shardId-0', 1000, [arrived]);
    await deliver(observations, 'shardId-0', 1000, [weather('EWR', 30)]);
  }

  /** Woken by the ledger's stream, and by the sweep. */
  async #commit(commit: Sandbox): Promise<void> {
    const pk = { S: 'intent#flights_realtime.weather#weather_observations#shardId-0' };
    await commit.invoke({ Records: [{ eventName: 'INSERT', dynamodb: { Keys: { pk } } }] });
    // Failures are logged only, and the intents wait for the next round.
    for (let round = 0; round < ATTEMPTS; round++) await commit.invoke({ sweep: true });
  }

  /** The state machine's steps, twice: the second time there is nothing to do. */
  async #integrate(integrate: Sandbox): Promise<void> {
    for (const step of [
      ...integrationStages(this.#files.plan),
      ...integrationStages(this.#files.plan),
    ].flat())
      await persist(() => integrate.invoke(step));
  }

  /** Compaction, and cleaning of what has had no name for days. */
  async #maintain(): Promise<void> {
    const now = await this.#start('maintain');
    // Failures are logged only.
    for (let round = 0; round < ATTEMPTS; round++) await now.invoke({});
    await now.invoke({ clean: true });
    const later = await this.#start('maintain', undefined, EIGHT_DAYS_MS);
    await later.invoke({ clean: true });
  }

  async #start(handler: HandlerName, qualifier?: string, ahead?: number): Promise<Sandbox> {
    const name = [this.#files.plan.name, handler, ...(qualifier === undefined ? [] : [qualifier])].join('-');
    const deployed = this.#functions.find((f) => f.name === name);
    if (!deployed) throw new Error(`there is no function ${name}`);
    const sandbox = await Sandbox.open({
      name,
      code: this.#bundles.of(handler),
      environment: deployed.environment,
      region: this.#place.region,
      endpoint: this.#aws.url,
      ...(ahead === undefined ? {} : { ahead }),
    });
    this.#sandboxes.push(sandbox);
    return sandbox;
  }
}

/** A batch until it is taken whole, as the event source mapping delivers it. */
async function deliver(
  processor: Sandbox,
  shard: string,
  first: number,
  records: readonly Produced[],
): Promise<void> {
  await persist(async () => {
    const result = await processor.invoke(kinesisEvent(shard, first, records));
    const { batchItemFailures } = result as { batchItemFailures: unknown[] };
    if (batchItemFailures.length > 0)
      throw new Error(`records were left: ${JSON.stringify(batchItemFailures)}`);
  });
}

/** Tries again what a disturbance ended. */
async function persist(work: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
