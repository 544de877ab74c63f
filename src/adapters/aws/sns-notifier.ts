import { PublishBatchCommand, type PublishBatchRequestEntry, type SNSClient } from '@aws-sdk/client-sns';
import { TidemarkError } from '../../errors.ts';
import type { Alert, Notifier } from '../../ports/effects.ts';
import { alertMessage, messageBatches, type AlertMessage } from './alert-message.ts';
import type { Pace } from './backoff.ts';
import { sendBatch, type RefusedEntry } from './send-batch.ts';

export interface SnsNotifierSettings {
  /** Topic ARN by the name that alerts carry in `notify`. */
  topics: Readonly<Record<string, string>>;
}

const FIFO = '.fifo';

/**
 * Alerts to SNS. The message is the alert as JSON; its attributes `alert`, `notify` and `id` are for filter policies
 * and for consumers that drop repetitions. A FIFO topic drops them itself for five minutes, by the alert's id.
 */
export class SnsNotifier implements Notifier {
  readonly #client: SNSClient;
  readonly #pace: Pace;
  readonly #topics: ReadonlyMap<string, string>;

  constructor(client: SNSClient, pace: Pace, settings: SnsNotifierSettings) {
    this.#client = client;
    this.#pace = pace;
    this.#topics = new Map(Object.entries(settings.topics));
  }

  /** Throws `invalid`, before anything is sent, for a name that no topic is given for. */
  async notify(alerts: Alert[]): Promise<void> {
    const byTopic = new Map<string, AlertMessage[]>();
    for (const alert of alerts) {
      const topic = this.#topicOf(alert);
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), alertMessage(alert)]);
    }
    for (const [topic, messages] of byTopic)
      for (const batch of messageBatches(messages))
        await sendBatch(this.#pace, batch, { topic }, (left) => this.#publish(topic, left));
  }

  #topicOf(alert: Alert): string {
    const topic = this.#topics.get(alert.notify);
    if (topic !== undefined) return topic;
    throw new TidemarkError(
      'invalid',
      `alert "${alert.alert}" notifies "${alert.notify}", which has no topic`,
      {
        context: { alert: alert.alert, notify: alert.notify },
        remedy: 'give the deployment a topic for this name',
      },
    );
  }

  async #publish(topic: string, batch: readonly AlertMessage[]): Promise<RefusedEntry[]> {
    const entries = batch.map((message, index) => entryOf(topic, message, index));
    const answer = await this.#client.send(
      new PublishBatchCommand({ TopicArn: topic, PublishBatchRequestEntries: entries }),
    );
    return (answer.Failed ?? []).map(({ Id, Code, SenderFault }) => ({
      index: Number(Id),
      code: Code ?? 'unknown',
      final: SenderFault === true && !/throttl/i.test(Code ?? ''),
    }));
  }
}

function entryOf(topic: string, { alert, json }: AlertMessage, index: number): PublishBatchRequestEntry {
  const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
  return {
    Id: String(index),
    Message: json,
    MessageAttributes: {
      id: attribute(alert.id),
      alert: attribute(alert.alert),
      notify: attribute(alert.notify),
    },
    ...(topic.endsWith(FIFO) ? { MessageGroupId: alert.alert, MessageDeduplicationId: alert.id } : {}),
  };
}
