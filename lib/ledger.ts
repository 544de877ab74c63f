import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, StreamViewType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { HOT_TABLE } from '../src/adapters/aws/dynamo-hot-store.ts';
import { LEDGER_TABLE } from '../src/adapters/aws/ledger-items.ts';
import type { Plan } from '../src/definition/plan.ts';
import { hotStoreName, ledgerName, tableArn } from './names.ts';

export interface LedgerProps {
  plan: Plan;
  /** @default the key of DynamoDB */
  encryptionKey?: IKey;
}

/**
 * Claims and intents, and the hot store with the latest row by key.
 *
 * What the ledger says is what the tables may contain: it is protected against deletion, can be restored to any second
 * of the last 35 days, and stays when the stack goes.
 */
export class Ledger extends Construct {
  readonly ledger: Table;
  readonly hotStore: Table;
  readonly #plan: Plan;

  constructor(scope: Construct, id: string, props: LedgerProps) {
    super(scope, id);
    this.#plan = props.plan;
    const common = {
      partitionKey: { name: LEDGER_TABLE.partitionKey.name, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      encryption: props.encryptionKey ? TableEncryption.CUSTOMER_MANAGED : TableEncryption.DEFAULT,
      encryptionKey: props.encryptionKey,
    };
    this.ledger = new Table(this, 'Ledger', {
      ...common,
      tableName: ledgerName(props.plan),
      sortKey: { name: LEDGER_TABLE.sortKey.name, type: AttributeType.STRING },
      timeToLiveAttribute: LEDGER_TABLE.timeToLiveAttribute,
      // Wakes the committer, which reads what there is from the table itself.
      stream: StreamViewType[LEDGER_TABLE.streamViewType],
    });
    this.hotStore = new Table(this, 'HotStore', {
      ...common,
      tableName: hotStoreName(props.plan),
      timeToLiveAttribute: HOT_TABLE.timeToLiveAttribute,
    });
  }

  get ledgerArn(): string {
    return tableArn(ledgerName(this.#plan));
  }

  get hotStoreArn(): string {
    return tableArn(hotStoreName(this.#plan));
  }
}
