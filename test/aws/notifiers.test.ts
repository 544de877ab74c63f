import { beforeEach, describe, expect, test } from '@jest/globals';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { EventBridgeNotifier } from '../../src/adapters/aws/eventbridge-notifier.ts';
import { FanOutNotifier } from '../../src/adapters/aws/fan-out-notifier.ts';
import { SnsNotifier } from '../../src/adapters/aws/sns-notifier.ts';
import { TidemarkError } from '../../src/errors.ts';
import type { Alert, Notifier } from '../../src/ports/effects.ts';
import { fakePace, serviceError, timedOut } from './support.ts';

const alert = (id: string, change: Partial<Alert> = {}): Alert => ({
  id,
  alert: 'late',
  notify: 'ops',
  firedAt: 1_700_000_000_000,
  shard: 's',
  position: 'p',
  row: { a: 1 },
  ...change,
});
const many = (n: number): Alert[] => Array.from({ length: n }, (_, i) => alert(`a${i}`));

const snsClient = new SNSClient({ region: 'us-east-1' });
const sns = mockClient(snsClient);
const busClient = new EventBridgeClient({ region: 'us-east-1' });
const bus = mockClient(busClient);
const topics = { ops: 'arn:aws:sns:us-east-1:1:ops', strict: 'arn:aws:sns:us-east-1:1:strict.fifo' };
const overSns = (): Notifier => new SnsNotifier(snsClient, fakePace(), { topics });
const overBus = (): Notifier => new EventBridgeNotifier(busClient, fakePace(), { bus: 'lake' });

const published = () =>
  sns.commandCalls(PublishBatchCommand).map((c) => c.args[0].input.PublishBatchRequestEntries ?? []);
const idsOf = (entries: { Message?: string | undefined }[]) =>
  entries.map((e) => (JSON.parse(e.Message ?? '') as Alert).id);

beforeEach(() => {
  sns.reset();
  bus.reset();
});

describe('SNS', () => {
  test('at most ten in a request, all of them', async () => {
    sns.on(PublishBatchCommand).resolves({});
    await overSns().notify(many(23));
    expect(published().map((entries) => entries.length)).toEqual([10, 10, 3]);
    expect(published().flatMap(idsOf)).toEqual(many(23).map((a) => a.id));
  });

  test('a FIFO topic drops repetitions by the id', async () => {
    sns.on(PublishBatchCommand).resolves({});
    await overSns().notify([alert('x', { notify: 'strict' })]);
    expect(published()[0]![0]).toMatchObject({ MessageDeduplicationId: 'x', MessageGroupId: 'late' });
  });

  test('what was not taken is sent again, and only that', async () => {
    sns
      .on(PublishBatchCommand)
      .resolvesOnce({ Successful: [], Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }] })
      .resolves({});
    await overSns().notify(many(3));
    expect(published().map(idsOf)).toEqual([['a0', 'a1', 'a2'], ['a1']]);
  });

  test('after no answer all are sent again: at least once', async () => {
    sns.on(PublishBatchCommand).rejectsOnce(timedOut()).resolves({});
    await overSns().notify(many(2));
    expect(published().map(idsOf)).toEqual([
      ['a0', 'a1'],
      ['a0', 'a1'],
    ]);
  });

  const thrown: [string, () => void, string, number][] = [
    [
      'an entry that is wrong',
      () =>
        sns
          .on(PublishBatchCommand)
          .resolves({ Failed: [{ Id: '0', Code: 'InvalidParameter', SenderFault: true }] }),
      'invalid',
      1,
    ],
    [
      'no permission',
      () => sns.on(PublishBatchCommand).rejects(serviceError('AuthorizationError', 403)),
      'refused',
      1,
    ],
    [
      'a topic that is not there',
      () => sns.on(PublishBatchCommand).rejects(serviceError('NotFound', 404)),
      'invalid',
      1,
    ],
    ['never an answer', () => sns.on(PublishBatchCommand).rejects(timedOut()), 'unavailable', 6],
  ];
  test.each(thrown)('%s is thrown', async (_name, given, kind, calls) => {
    given();
    await expect(overSns().notify(many(1))).rejects.toMatchObject({ kind });
    expect(published()).toHaveLength(calls);
  });

  test('a name without a topic is told before anything is sent', async () => {
    await expect(overSns().notify([alert('x'), alert('y', { notify: 'nobody' })])).rejects.toMatchObject({
      kind: 'invalid',
    });
    expect(published()).toEqual([]);
  });

  test('large rows: requests stay small, and a row that fits in none is left out and said so', async () => {
    sns.on(PublishBatchCommand).resolves({});
    const row = (bytes: number) => ({ row: { text: 'x'.repeat(bytes) } });
    await overSns().notify([alert('a', row(150_000)), alert('b', row(150_000)), alert('c', row(300_000))]);
    expect(published().map(idsOf)).toEqual([['a'], ['b', 'c']]);
    expect(JSON.parse(published()[1]![1]!.Message ?? '')).toMatchObject({
      id: 'c',
      row: {},
      rowOmitted: true,
    });
  });
});

describe('EventBridge', () => {
  test('an event carries the alert; entries that were refused for load go again', async () => {
    bus
      .on(PutEventsCommand)
      .resolvesOnce({
        FailedEntryCount: 1,
        Entries: [{ EventId: '1' }, { ErrorCode: 'ThrottlingException' }],
      })
      .resolves({ Entries: [{ EventId: '2' }] });
    await overBus().notify(many(2));
    const calls = bus.commandCalls(PutEventsCommand).map((c) => c.args[0].input.Entries ?? []);
    expect(calls.map((entries) => entries.length)).toEqual([2, 1]);
    expect(calls[1]![0]).toMatchObject({
      EventBusName: 'lake',
      Source: 'tidemark',
      DetailType: 'Tidemark Alert',
    });
    expect(JSON.parse(calls[1]![0]!.Detail ?? '')).toMatchObject({ id: 'a1' });
  });

  test('an entry that will never be taken is thrown', async () => {
    bus.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'MalformedDetail' }] });
    await expect(overBus().notify(many(1))).rejects.toMatchObject({ kind: 'invalid' });
  });
});

describe('several channels', () => {
  const failing = (kind: 'unavailable' | 'invalid'): Notifier => ({
    notify: () => Promise.reject(new TidemarkError(kind, kind)),
  });

  test('one that fails does not keep the others from being told, and is thrown', async () => {
    const told: string[] = [];
    const good: Notifier = {
      notify: (alerts) => Promise.resolve(void told.push(...alerts.map((a) => a.id))),
    };
    await expect(new FanOutNotifier([failing('unavailable'), good]).notify(many(1))).rejects.toMatchObject({
      kind: 'unavailable',
    });
    expect(told).toEqual(['a0']);
  });

  test('of several failures the worst says what to do', async () => {
    const both = new FanOutNotifier([failing('unavailable'), failing('invalid')]);
    await expect(both.notify(many(1))).rejects.toMatchObject({ kind: 'invalid', retryable: false });
  });
});
