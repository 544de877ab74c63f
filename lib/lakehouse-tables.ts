import { CustomResource, Duration } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { Handler, type HandlerDefaults } from './handler.ts';
import { databaseNames, glueArns, ledgerName } from './names.ts';
import type { Storage } from './storage.ts';
import type { Ledger } from './ledger.ts';
import { defineTables } from './table-access.ts';

export interface LakehouseTablesProps {
  plan: Plan;
  storage: Storage;
  ledger: Ledger;
  defaults: HandlerDefaults;
  /** Breaking changes that may be made, by name. @default none */
  allow?: string[];
}

/** What CloudFormation allows a custom resource before it fails the deployment. */
const TIMEOUT = Duration.minutes(15);

/**
 * The Iceberg tables and the views, made and changed by our own writer: CloudFormation can only create Iceberg tables.
 * Nothing is ever dropped, whatever becomes of the stack.
 */
export class LakehouseTables extends Construct {
  readonly handler: Handler;
  readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: LakehouseTablesProps) {
    super(scope, id);
    const { plan, storage, ledger, defaults } = props;
    // Named in the properties and not packed with the code: a rollback hands the old plan to whichever code there is.
    const asset = new Asset(this, 'Plan', { path: `${defaults.definition.planFolder}/plan.json` });
    this.handler = new Handler(this, 'Tables', {
      handler: 'tables',
      description: `Tidemark ${plan.name}: tables and views of the plan`,
      defaults,
      memoryMb: 1024,
      timeout: TIMEOUT,
      environment: { TIDEMARK_WAREHOUSE: storage.warehouse, TIDEMARK_LEDGER: ledgerName(plan) },
    });
    const [views = '', ...databases] = databaseNames(plan);
    this.handler.allow(
      ...defineTables(storage, databases, views),
      // Views of earlier plans go: a view holds no rows. Tables never do.
      { actions: ['glue:DeleteTable'], resources: glueArns(plan.name), because: 'views of earlier plans' },
      { actions: ['dynamodb:GetItem', 'dynamodb:PutItem'], resources: [ledger.ledgerArn] },
    );
    storage.grantKey(this.handler.role);
    this.handler.allow({
      actions: ['s3:GetObject'],
      resources: [`${asset.bucket.bucketArn}/*.json`],
      because: 'a rollback asks for an earlier plan, and the names of assets are hashes',
    });
    this.resource = new CustomResource(this, 'Resource', {
      serviceToken: this.handler.function.functionArn,
      serviceTimeout: TIMEOUT,
      resourceType: 'Custom::TidemarkTables',
      properties: {
        Lakehouse: plan.name,
        PlanBucket: asset.s3BucketName,
        PlanKey: asset.s3ObjectKey,
        PlanHash: defaults.definition.hash,
        Allow: props.allow ?? [],
      },
    });
    this.resource.node.addDependency(this.handler.role, ...storage.databases);
  }
}
