import { PutEventsCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Alert, Notifier } from '../../ports/effects.ts';
import { alertMessage, messageBatches, type AlertMessage } from './alert-message.ts';
import type { Pace } from './backoff.ts';
import { sendBatch, type RefusedEntry } from './send-batch.ts';

export interface EventBridgeNotifierSettings {
  /** Name or ARN. @default the account's default bus */
  bus?: string;
  /** @default tidemark */
  source?: string;
}

/** `detail-type` of every event, for rules. */
export const ALERT_DETAIL_TYPE = 'Tidemark Alert';

const LOAD = /throttl|internal|unavailable|limit/i;

/** Alerts to EventBridge: `detail` is the alert as JSON. EventBridge has no deduplication; `detail.id` repeats. */
export class EventBridgeNotifier implements Notifier {
  readonly #client: EventBridgeClient;
  readonly #pace: Pace;
  readonly #settings: EventBridgeNotifierSettings;

  constructor(client: EventBridgeClient, pace: Pace, settings: EventBridgeNotifierSettings = {}) {
    this.#client = client;
    this.#pace = pace;
    this.#settings = settings;
  }

  async notify(alerts: Alert[]): Promise<void> {
    const where = { bus: this.#settings.bus ?? 'default' };
    for (const batch of messageBatches(alerts.map(alertMessage)))
      await sendBatch(this.#pace, batch, where, (left) => this.#put(left));
  }

  async #put(batch: readonly AlertMessage[]): Promise<RefusedEntry[]> {
    const { bus, source = 'tidemark' } = this.#settings;
    const answer = await this.#client.send(
      new PutEventsCommand({
        Entries: batch.map(({ alert, json }) => ({
          Source: source,
          DetailType: ALERT_DETAIL_TYPE,
          Detail: json,
          Time: new Date(alert.firedAt),
          ...(bus === undefined ? {} : { EventBusName: bus }),
        })),
      }),
    );
    // Answers stand in the order of the entries.
    return (answer.Entries ?? []).flatMap(({ ErrorCode }, index) =>
      ErrorCode === undefined ? [] : [{ index, code: ErrorCode, final: !LOAD.test(ErrorCode) }],
    );
  }
}
