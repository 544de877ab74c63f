import { beforeEach, describe, expect, test } from '@jest/globals';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { Item } from '../../src/adapters/aws/dynamo-item.ts';
import { DynamoDeployments } from '../../src/adapters/aws/dynamo-deployments.ts';
import { DynamoHotStore } from '../../src/adapters/aws/dynamo-hot-store.ts';
import { fakePace, serviceError } from './support.ts';

const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamo = mockClient(client);
const clients = { read: client, claim: client };
beforeEach(() => {
  dynamo.reset();
});

describe('the hot store', () => {
  const open = (settings = {}) => new DynamoHotStore(clients, fakePace(), { tableName: 'hot', ...settings });
  const item = (key: string, ord: string, row = {}) => ({ table: 'orders', key, ord, row });
  const written = () => dynamo.commandCalls(PutItemCommand).map((c) => c.args[0].input);

  test('of one key only the newest row is sent, on the condition that it is newer than what is there', async () => {
    dynamo.on(PutItemCommand).resolves({});
    await open().put([item('a', '1'), item('a', '3'), item('b', '1'), item('a', '2')]);
    expect(written().map((w) => [w.Item?.pk?.S, w.Item?.ord?.S])).toEqual([
      ['orders#a', '3'],
      ['orders#b', '1'],
    ]);
    expect(written()[0]!.ConditionExpression).toBe('attribute_not_exists(pk) OR ord < :ord');
  });

  test('a newer row there is no error; everything else is', async () => {
    dynamo.on(PutItemCommand).rejects(serviceError('ConditionalCheckFailedException', 400));
    await open().put([item('a', '1')]);
    dynamo.on(PutItemCommand).rejects(serviceError('InternalServerError', 500));
    await expect(open().put([item('a', '1')])).rejects.toMatchObject({ kind: 'unavailable' });
  });

  test.each([10, 5_000, 300_000])('a row of %i bytes comes back', async (bytes) => {
    const row = { text: 'x'.repeat(bytes) };
    dynamo.on(PutItemCommand).resolves({});
    await open({ expireAfterMs: 1000 }).put([item('a', '1', row)]);
    dynamo.on(GetItemCommand).resolves({ Item: written()[0]!.Item as Item });
    expect(await open().get('orders', 'a')).toEqual(item('a', '1', row));
    expect(written()[0]!.Item?.expires?.N).toBe('1700000001');
  });

  test('a row that fits in no item does not stop its shard, and is told when it is read', async () => {
    let n = 1;
    const noise = Array.from({ length: 700_000 }, () =>
      String.fromCharCode(33 + ((n = (n * 48271) % 2147483647) % 90)),
    );
    dynamo.on(PutItemCommand).resolves({});
    await open().put([item('a', '1', { text: noise.join('') })]);
    dynamo.on(GetItemCommand).resolves({ Item: written()[0]!.Item as Item });
    await expect(open().get('orders', 'a')).rejects.toMatchObject({ kind: 'refused' });
  });
});

describe('the deployment marker', () => {
  const open = () => new DynamoDeployments(clients, fakePace(), 'ledger');
  const stands = (version: number, hash: string) =>
    dynamo
      .on(GetItemCommand)
      .resolves({ Item: { version: { N: String(version) }, hash: { S: hash }, uri: { S: 'u' } } });

  test('the same plan keeps its version, another gets the next', async () => {
    dynamo.on(PutItemCommand).resolves({});
    stands(4, 'same');
    expect(await open().record('lake', { hash: 'same', uri: 'u' })).toMatchObject({ version: 4 });
    expect(dynamo.commandCalls(PutItemCommand)).toHaveLength(0);
    expect(await open().record('lake', { hash: 'new', uri: 'v' })).toEqual({
      version: 5,
      hash: 'new',
      uri: 'v',
    });
  });

  test('two deployments at once get versions one after the other', async () => {
    dynamo
      .on(GetItemCommand)
      .resolvesOnce({})
      .resolves({ Item: { version: { N: '1' }, hash: { S: 'other' }, uri: { S: 'u' } } });
    dynamo.on(PutItemCommand).rejectsOnce(serviceError('ConditionalCheckFailedException', 400)).resolves({});
    expect(await open().record('lake', { hash: 'mine', uri: 'v' })).toMatchObject({ version: 2 });
  });
});
