import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnPrincipalPermissions } from 'aws-cdk-lib/aws-lakeformation';
import { Aws } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { allow } from './allow.ts';
import { databaseNames, workGroupArn, workGroupName } from './names.ts';
import type { Storage } from './storage.ts';

export interface ConsumptionProps {
  plan: Plan;
  storage: Storage;
  /** Encrypts results of queries. @default SSE-S3 */
  encryptionKey?: IKey;
  /** Gigabytes that one query may scan. @default 100 */
  scanLimitGb?: number;
  /** ARNs of roles that Lake Formation lets read the lakehouse. @default Lake Formation is left alone */
  analystRoles?: string[];
}

const GIGABYTE = 1_000_000_000;

/** Where analysts query: an Athena work group with limits of its own. The views are made with the tables. */
export class Consumption extends Construct {
  /** Name of the Athena work group. */
  readonly workGroup: string;
  readonly #storage: Storage;

  constructor(scope: Construct, id: string, props: ConsumptionProps) {
    super(scope, id);
    this.#storage = props.storage;
    this.workGroup = workGroupName(props.plan);
    new CfnWorkGroup(this, 'WorkGroup', {
      name: this.workGroup,
      description: `Tidemark lakehouse ${props.plan.name}`,
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        bytesScannedCutoffPerQuery: (props.scanLimitGb ?? 100) * GIGABYTE,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: props.storage.queryResults,
          encryptionConfiguration: props.encryptionKey
            ? { encryptionOption: 'SSE_KMS', kmsKey: props.encryptionKey.keyArn }
            : { encryptionOption: 'SSE_S3' },
        },
      },
    });
    (props.analystRoles ?? []).forEach((role, index) => this.#lakeFormation(props.plan, role, index));
  }

  /** Lets somebody query the lakehouse in Athena, with the work group's limits. */
  grantQuery(grantee: IGrantable): Grant {
    this.#storage.grantRead(grantee);
    allow(
      this,
      grantee,
      {
        actions: [
          'athena:StartQueryExecution',
          'athena:StopQueryExecution',
          'athena:GetQueryExecution',
          'athena:GetQueryResults',
          'athena:GetWorkGroup',
        ],
        resources: [workGroupArn(this.workGroup)],
      },
      {
        actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
        resources: [this.#storage.queryResultObjects],
        because: 'Athena names the files of results',
      },
    );
    this.#storage.grantObjectKey(grantee);
    return Grant.drop(grantee, 'added above');
  }

  #lakeFormation(plan: Plan, role: string, index: number): void {
    for (const database of databaseNames(plan)) {
      const id = `Analyst${index}-${database}`;
      const principal = { dataLakePrincipalIdentifier: role };
      new CfnPrincipalPermissions(this, `${id}-database`, {
        principal,
        resource: { database: { catalogId: Aws.ACCOUNT_ID, name: database } },
        permissions: ['DESCRIBE'],
        permissionsWithGrantOption: [],
      });
      new CfnPrincipalPermissions(this, `${id}-tables`, {
        principal,
        resource: { table: { catalogId: Aws.ACCOUNT_ID, databaseName: database, tableWildcard: {} } },
        permissions: ['SELECT', 'DESCRIBE'],
        permissionsWithGrantOption: [],
      });
    }
  }
}
