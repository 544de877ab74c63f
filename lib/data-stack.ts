import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { Alerts } from './alerts.ts';
import { encryptionKey } from './encryption-key.ts';
import { Ingestion } from './ingestion.ts';
import { Ledger } from './ledger.ts';
import type { Settings } from './settings.ts';
import { Storage } from './storage.ts';

export interface DataStackProps extends StackProps {
  plan: Plan;
  settings: Settings;
}

/** What keeps state: everything here is retained when the stack goes. */
export class DataStack extends Stack {
  readonly encryptionKey: IKey | undefined;
  readonly storage: Storage;
  readonly ingestion: Ingestion;
  readonly ledger: Ledger;
  readonly alerts: Alerts;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const { plan, settings } = props;
    const key = settings.encryption === 'customer' ? encryptionKey(this, 'Key', plan) : undefined;
    this.encryptionKey = key;
    this.storage = new Storage(this, 'Storage', {
      plan,
      encryptionKey: key,
      bucketName: settings['storage.bucketName'] || undefined,
      noncurrentRetention: Duration.days(settings['storage.noncurrentDays']),
      accessLogRetention: Duration.days(settings['storage.accessLogDays']),
      queryResultRetention: Duration.days(settings['query.resultDays']),
    });
    const hours = settings['stream.retentionHours'];
    this.ingestion = new Ingestion(this, 'Ingestion', {
      plan,
      encryptionKey: key,
      mode: settings['stream.mode'],
      retention: hours > 0 ? Duration.hours(hours) : undefined,
    });
    this.ledger = new Ledger(this, 'State', { plan, encryptionKey: key });
    this.alerts = new Alerts(this, 'Alerts', { plan, encryptionKey: key });
    new CfnOutput(this, 'BucketName', {
      value: this.storage.bucketName,
      description: 'Bucket of the tables',
    });
  }
}
