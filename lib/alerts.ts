import { RemovalPolicy } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { channelsOf, eventBusArn, eventBusName, topicArn, topicName } from './names.ts';

export interface AlertsProps {
  plan: Plan;
  /** @default alerts are encrypted in transit only */
  encryptionKey?: IKey;
}

/** Where alerts go: one topic for each channel that the definition names, and one event bus for all of them. */
export class Alerts extends Construct {
  readonly topics: ReadonlyMap<string, Topic>;
  /** Present when the definition has alerts. */
  readonly bus: EventBus | undefined;
  readonly #plan: Plan;

  constructor(scope: Construct, id: string, props: AlertsProps) {
    super(scope, id);
    this.#plan = props.plan;
    this.topics = new Map(
      channelsOf(props.plan).map((channel) => [
        channel,
        new Topic(this, `Topic-${channel}`, {
          topicName: topicName(props.plan, channel),
          displayName: `${props.plan.name}: ${channel}`,
          enforceSSL: true,
          masterKey: props.encryptionKey,
        }),
      ]),
    );
    for (const topic of this.topics.values()) topic.applyRemovalPolicy(RemovalPolicy.RETAIN);
    if (props.plan.alerts.length > 0) {
      this.bus = new EventBus(this, 'Bus', {
        eventBusName: eventBusName(props.plan),
        description: `Alerts of the lakehouse ${props.plan.name}`,
        kmsKey: props.encryptionKey,
      });
      this.bus.applyRemovalPolicy(RemovalPolicy.RETAIN);
    }
  }

  /** ARNs of the topics of some channels, by channel. */
  topicArns(channels: string[]): Record<string, string> {
    return Object.fromEntries(channels.map((channel) => [channel, topicArn(topicName(this.#plan, channel))]));
  }

  get busName(): string {
    return eventBusName(this.#plan);
  }

  get busArn(): string {
    return eventBusArn(this.busName);
  }
}
