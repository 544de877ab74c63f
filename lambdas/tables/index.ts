import type { CloudFormationCustomResourceEvent, Context } from 'aws-lambda';
import { dynamoClients, glueClients } from '../../src/adapters/aws/aws-clients.ts';
import { DynamoDeployments } from '../../src/adapters/aws/dynamo-deployments.ts';
import { GlueViews } from '../../src/adapters/aws/glue-views.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { deployTables } from '../../src/operate/deploy.ts';
import { deployViews } from '../../src/operate/views.ts';
import { tableKey } from '../../src/ports/catalog.ts';
import { respond } from '../custom-resource.ts';
import { readSettings } from '../settings.ts';
import { openStores, pace } from '../stores.ts';
import { Telemetry } from '../telemetry.ts';

/** What the stack asks for. */
interface Properties {
  Lakehouse: string;
  PlanBucket: string;
  PlanKey: string;
  PlanHash: string;
  Allow?: string[];
}

const settings = readSettings(process.env);
const telemetry = new Telemetry('tables');

async function deploy(properties: Properties): Promise<Record<string, string>> {
  const { io } = openStores(settings);
  const uri = `s3://${properties.PlanBucket}/${properties.PlanKey}`;
  const plan = JSON.parse(Buffer.from(await io.store.get(uri)).toString('utf8')) as Plan;
  const tables = await deployTables(io, plan, settings.warehouse, { allow: properties.Allow ?? [] });
  const views = await deployViews(
    new GlueViews(glueClients(settings.aws), pace, { createDatabases: false }),
    plan,
  );
  const deployments = new DynamoDeployments(dynamoClients(settings.aws), pace, settings.ledger);
  // Last: from now on this plan's claims are the newest, and its tables are there.
  const { version } = await deployments.record(properties.Lakehouse, { hash: properties.PlanHash, uri });
  for (const { spec, change } of tables) telemetry.log.info('table', { table: tableKey(spec.name), change });
  for (const { name, change } of views) telemetry.log.info('view', { view: tableKey(name), change });
  return { PlanVersion: String(version) };
}

/**
 * The tables and views of a plan, as a resource of CloudFormation. A rollback asks for the plan before: that is one
 * more change, and never takes anything away. Delete keeps everything.
 */
export const handler = (event: CloudFormationCustomResourceEvent, context: Context): Promise<void> =>
  telemetry.invocation(context, () => {
    const properties = event.ResourceProperties as unknown as Properties;
    return respond(event, `tidemark-tables-${properties.Lakehouse}`, telemetry.log, () =>
      event.RequestType === 'Delete' ? Promise.resolve({}) : deploy(properties),
    );
  });
