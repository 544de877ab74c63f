import { SubscribeCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Calls } from './calls.ts';

/** Somebody who is told what is told to a topic. */
export interface Subscription {
  /** What came since the last call. */
  messages(): Promise<string[]>;
}

interface Received {
  Messages?: { Body: string; ReceiptHandle: string }[];
}

/** Subscribes a queue of the test's own to a topic of the stacks. */
export async function subscribe(calls: Calls, sns: SNSClient, topic: string): Promise<Subscription> {
  const QueueName = `test-${topic}`;
  const { QueueUrl } = await calls.json<{ QueueUrl: string }>('sqs', 'CreateQueue', { QueueName });
  await sns.send(
    new SubscribeCommand({
      TopicArn: `arn:aws:sns:us-east-1:000000000000:${topic}`,
      Protocol: 'sqs',
      Endpoint: `arn:aws:sqs:us-east-1:000000000000:${QueueName}`,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  return {
    async messages() {
      const all: string[] = [];
      for (;;) {
        const { Messages = [] } = await calls.json<Received>('sqs', 'ReceiveMessage', {
          QueueUrl,
          MaxNumberOfMessages: 10,
        });
        if (Messages.length === 0) return all;
        for (const { Body, ReceiptHandle } of Messages) {
          all.push(Body);
          await calls.json('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
        }
      }
    },
  };
}
