import {
  jsonAnswer,
  jsonRequest,
  type Answer,
  type Incoming,
  type Need,
  type ServiceDouble,
} from './call.ts';

/** SNS, which takes every message. */
export class SnsDouble implements ServiceDouble {
  handle({ body }: Incoming): { operation: string; needs: Need[]; answer: Answer } {
    const form = new URLSearchParams(body.toString('utf8'));
    const operation = form.get('Action') ?? '';
    // Publish and PublishBatch are one action.
    const needs = [{ action: 'sns:Publish', resource: form.get('TopicArn') ?? '' }];
    const text = `<${operation}Response><${operation}Result/></${operation}Response>`;
    return { operation, needs, answer: { status: 200, headers: { 'content-type': 'text/xml' }, body: text } };
  }
}

/** EventBridge, which takes every event. */
export class EventsDouble implements ServiceDouble {
  readonly #arn: string;

  /** @param arn what a bus's name makes an ARN with */
  constructor(arn: string) {
    this.#arn = arn;
  }

  handle(request: Incoming): { operation: string; needs: Need[]; answer: Answer } {
    const { operation, input } = jsonRequest(request);
    const { Entries: events } = input as { Entries: { EventBusName: string }[] };
    const needs = events.map(({ EventBusName }) => ({
      action: `events:${operation}`,
      resource: this.#arn + EventBusName,
    }));
    const Entries = events.map((_, index) => ({ EventId: String(index) }));
    return { operation, needs, answer: jsonAnswer(() => ({ FailedEntryCount: 0, Entries })) };
  }
}
