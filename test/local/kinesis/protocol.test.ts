import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListStreamsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import { cbor, SmithyRpcV2CborProtocol, tag } from '@smithy/core/cbor';
import { afterEach, describe, expect, test } from '@jest/globals';
import { request } from 'node:http';
import { connect } from 'node:net';
import { cleanUp, ManualClock, startEndpoint } from './harness.ts';

afterEach(cleanUp);

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

function send(
  url: string,
  path: string,
  headers: Record<string, string>,
  body: Uint8Array | string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(`${url}${path}`, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

const target = (operation: string, contentType = 'application/x-amz-json-1.1'): Record<string, string> => ({
  'content-type': contentType,
  'x-amz-target': `Kinesis_20131202.${operation}`,
});
const CBOR = 'application/x-amz-cbor-1.1';

describe('protocols', () => {
  test('AWS CBOR 1.1: bytes as bytes, timestamps in milliseconds, errors as maps', async () => {
    const { server, store } = await startEndpoint({ clock: new ManualClock(1_700_000_000_123) });
    await store.createStream('events', { shardCount: 1 });
    const call = async (operation: string, input: unknown): Promise<[Answer, Record<string, unknown>]> => {
      const answer = await send(server.url, '/', target(operation, CBOR), cbor.serialize(input));
      expect(answer.headers['content-type']).toBe(CBOR);
      return [answer, cbor.deserialize(answer.body) as Record<string, unknown>];
    };
    const data = Uint8Array.of(0, 1, 254, 255);
    const [put, { FailedRecordCount }] = await call('PutRecords', {
      StreamName: 'events',
      Records: [{ PartitionKey: 'k', Data: data }],
    });
    expect([put.status, FailedRecordCount]).toEqual([200, 0]);
    const [, { ShardIterator }] = await call('GetShardIterator', {
      StreamName: 'events',
      ShardId: 'shardId-000000000000',
      ShardIteratorType: 'AT_TIMESTAMP',
      Timestamp: tag({ tag: 1, value: 1_700_000_000_123 }),
    });
    const [, { Records }] = await call('GetRecords', { ShardIterator });
    expect(Records).toMatchObject([
      { PartitionKey: 'k', ApproximateArrivalTimestamp: { tag: 1, value: 1_700_000_000_123 } },
    ]);
    expect(Buffer.from((Records as { Data: Uint8Array }[])[0]!.Data)).toEqual(Buffer.from(data));
    const [failed, error] = await call('DescribeStream', { StreamName: 'none' });
    expect(failed.status).toBe(400);
    expect(failed.headers['x-amzn-errortype']).toBe('ResourceNotFoundException');
    expect(error).toEqual({
      __type: 'ResourceNotFoundException',
      message: 'Stream none under account 000000000000 not found.',
    });
  });

  test('AWS CBOR 1.1: maps and lists of indefinite length, as Java writes them', async () => {
    const { server, store } = await startEndpoint();
    await store.createStream('events', { shardCount: 1 });
    const text = (s: string): Buffer => Buffer.concat([Buffer.of(0x78, s.length), Buffer.from(s)]);
    const [map, list, end] = [Buffer.of(0xbf), Buffer.of(0x9f), Buffer.of(0xff)];
    const record = [map, text('Data'), Buffer.of(0x43, 1, 2, 3), text('PartitionKey'), text('k'), end];
    const body = [map, text('StreamName'), text('events'), text('Records'), list, ...record, end, end];
    const answer = await send(server.url, '/', target('PutRecords', CBOR), Buffer.concat(body));
    expect(cbor.deserialize(answer.body)).toMatchObject({ FailedRecordCount: 0 });
  });

  test('Smithy RPC v2 CBOR, as the SDK writes it', async () => {
    const { client } = await startEndpoint(
      { clock: new ManualClock(1_700_000_000_123) },
      { protocol: new SmithyRpcV2CborProtocol({ defaultNamespace: 'com.amazonaws.kinesis' }) as never },
    );
    await client.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 1 }));
    const Data = Uint8Array.of(0, 255);
    await client.send(
      new PutRecordsCommand({ StreamName: 'events', Records: [{ PartitionKey: 'k', Data }] }),
    );
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({
        StreamName: 'events',
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'AT_TIMESTAMP',
        Timestamp: new Date(1_700_000_000_123),
      }),
    );
    const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }));
    expect(Records!.map((r) => [...r.Data!])).toEqual([[0, 255]]);
    expect(Records![0]!.ApproximateArrivalTimestamp).toEqual(new Date(1_700_000_000_123));
    await expect(
      client.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 1 })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' });
  });

  test('JSON errors name their type in the body and in a header, and every answer has a request id', async () => {
    const { server } = await startEndpoint();
    const answer = await send(server.url, '/', target('DescribeStream'), '{"StreamName":"none"}');
    expect(answer.status).toBe(400);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-errortype': 'ResourceNotFoundException',
      'x-amzn-requestid': expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(JSON.parse(answer.body.toString())).toEqual({
      __type: 'ResourceNotFoundException',
      message: 'Stream none under account 000000000000 not found.',
    });
  });

  test.each([
    ['half a document', '{"StreamName":'],
    ['no structure', '[]'],
    ['a number for a name', '{"StreamName":5}'],
    ['no base64', '{"StreamName":"events","Records":[{"PartitionKey":"a","Data":"*"}]}'],
  ])('%s is a SerializationException', async (_, body) => {
    const { server } = await startEndpoint();
    const answer = await send(server.url, '/', target('PutRecords'), body);
    expect(answer.status).toBe(400);
    expect(answer.headers['x-amzn-errortype']).toBe('SerializationException');
    const inCbor = await send(server.url, '/', target('PutRecords', CBOR), Buffer.of(0xbf, 0x61));
    expect(inCbor.headers['x-amzn-errortype']).toBe('SerializationException');
  });

  test('members that hide in the prototype are not members', async () => {
    const { server } = await startEndpoint();
    const body = '{"__proto__":{"StreamName":"events","ShardCount":1}}';
    const answer = await send(server.url, '/', target('CreateStream'), body);
    expect(answer.headers['x-amzn-errortype']).toBe('ValidationException');
  });

  test('other paths, methods, types and operations are unknown', async () => {
    const { server } = await startEndpoint();
    const wrong = [
      send(server.url, '/', target('NoSuchOperation'), '{}'),
      send(server.url, '/', target('toString'), '{}'),
      send(server.url, '/', target('ListStreams', 'text/plain'), '{}'),
      send(server.url, '/', { 'content-type': 'application/x-amz-json-1.1' }, '{}'),
    ];
    for (const answer of await Promise.all(wrong)) {
      expect(answer.status).toBe(400);
      expect(answer.headers['x-amzn-errortype']).toBe('UnknownOperationException');
    }
  });

  test('a web page cannot reach the streams', async () => {
    const { server } = await startEndpoint();
    const headers = { ...target('ListStreams'), origin: 'https://example.com' };
    const answer = await send(server.url, '/', headers, '{}');
    expect(answer.headers['x-amzn-errortype']).toBe('AccessDeniedException');
  });

  test('the SDK with its own transport, HTTP/2 without TLS, puts and reads as over HTTP/1.1', async () => {
    const { server, store, client: http1 } = await startEndpoint({ fsync: false });
    await store.createStream('events', { shardCount: 1 });
    const client = new KinesisClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
    });
    try {
      const Records = Array.from({ length: 9 }, () => ({
        PartitionKey: 'k',
        Data: Buffer.alloc(1_000_000, 7),
      }));
      await Promise.all(
        [client, http1].map((c) => c.send(new PutRecordsCommand({ StreamName: 'events', Records }))),
      );
      const start = {
        StreamName: 'events',
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      } as const;
      const { ShardIterator } = await client.send(new GetShardIteratorCommand(start));
      const page = await client.send(new GetRecordsCommand({ ShardIterator }));
      expect(page.Records).toHaveLength(10);
      expect(page.Records!.every((r) => r.Data!.length === 1_000_000 && r.Data![999_999] === 7)).toBe(true);
      await expect(
        client.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 1 })),
      ).rejects.toMatchObject({
        name: 'ResourceInUseException',
      });
      await server.close();
    } finally {
      client.destroy();
    }
  });

  test('closing answers the puts that are under way', async () => {
    const { server, client, store } = await startEndpoint();
    await store.createStream('events', { shardCount: 1 });
    const put = new PutRecordsCommand({
      StreamName: 'events',
      Records: [{ PartitionKey: 'k', Data: Buffer.of(1) }],
    });
    let heard: () => void;
    const arrived = new Promise<void>((resolve) => (heard = resolve));
    store.onPut(() => heard());
    const answer = client.send(put);
    await arrived;
    await Promise.all([server.close(), answer]);
  });

  test('a client that breaks off in the middle of a put does no harm', async () => {
    const { server, client } = await startEndpoint();
    for (const start of [
      'P',
      'POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\n{',
      'PRI * HTTP/2.0\r\n\r\nnonsense',
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(server.port, '127.0.0.1', () => {
          socket.write(start, () => socket.resetAndDestroy());
        });
        socket.once('close', () => resolve());
        socket.once('error', () => undefined);
      });
    }
    await client.send(new ListStreamsCommand({}));
  });

  test('only loopback is bound, and closing ends what clients keep open', async () => {
    const { server, client } = await startEndpoint();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    await client.send(new ListStreamsCommand({}));
    await server.close();
    await expect(client.send(new ListStreamsCommand({}))).rejects.toThrow();
  });
});
