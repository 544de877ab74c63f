import { RemovalPolicy } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { Alarms, type AlarmSettings } from './alarms.ts';
import { LakehouseDashboard } from './dashboard.ts';
import type { Ingestion } from './ingestion.ts';
import type { Integration } from './integration.ts';
import type { RealTime } from './real-time.ts';
import type { Storage } from './storage.ts';

export interface OperationsProps extends AlarmSettings {
  plan: Plan;
  storage: Storage;
  ingestion: Ingestion;
  realTime: RealTime;
  integration: Integration;
  /** Name of the Athena work group. */
  workGroup: string;
  /** @default true */
  dashboard?: boolean;
  /** @default true */
  alarms?: boolean;
  /** Address that alarms are sent to. @default none */
  email?: string;
  /** Encrypts the alarm topic. @default in transit only */
  encryptionKey?: IKey;
  /** Budget of the account's costs under this lakehouse's tag, US dollars a month. @default no budget */
  monthlyBudgetUsd?: number;
}

/** What tells people: dashboard, alarms, budget. */
export class Operations extends Construct {
  /** All alarms go here. Present with alarms or a budget. */
  readonly topic: Topic | undefined;

  constructor(scope: Construct, id: string, props: OperationsProps) {
    super(scope, id);
    if (props.dashboard ?? true) new LakehouseDashboard(this, 'Overview', props);
    if (!(props.alarms ?? true) && props.monthlyBudgetUsd === undefined) return;
    const topic = new Topic(this, 'Topic', {
      topicName: `${props.plan.name}-alarms`,
      displayName: `${props.plan.name}: alarms`,
      enforceSSL: true,
      masterKey: props.encryptionKey,
    });
    topic.applyRemovalPolicy(RemovalPolicy.DESTROY);
    if (props.email !== undefined) topic.addSubscription(new EmailSubscription(props.email));
    this.topic = topic;
    if (props.alarms ?? true) new Alarms(this, 'Alarms', { ...props, topic });
    if (props.monthlyBudgetUsd !== undefined) this.#budget(props.plan, props.monthlyBudgetUsd, topic);
  }

  #budget(plan: Plan, amount: number, topic: Topic): void {
    topic.grantPublish(new ServicePrincipal('budgets.amazonaws.com'));
    new CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `tidemark-${plan.name}`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount, unit: 'USD' },
        // The tag must be activated for cost allocation once an account.
        costFilters: { TagKeyValue: [`user:tidemark:lakehouse$${plan.name}`] },
      },
      notificationsWithSubscribers: [80, 100].map((threshold) => ({
        notification: {
          notificationType: 'ACTUAL',
          comparisonOperator: 'GREATER_THAN',
          threshold,
          thresholdType: 'PERCENTAGE',
        },
        subscribers: [{ subscriptionType: 'SNS', address: topic.topicArn }],
      })),
    });
  }
}
