import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createIngestHandler } from '../../src/ingest/handler.ts';
import { openLake, type Lake } from './support/readings.ts';

const REF = { stream: 'readings', shard: 'shardId-000000000000' };

let lake: Lake;
beforeEach(async () => {
  lake = await openLake();
});
afterEach(() => lake.close());

async function dieOn(position: string, times: number): Promise<void> {
  // What a process leaves that is killed while it reads: counted, and never taken back.
  for (let i = 0; i < times; i++) await lake.stores.ledger.countAttempt(REF, position);
}

test('a record that ends the process each time it is read is quarantined unread, and the shard goes on', async () => {
  const records = lake.records(4);
  const batch = { ...REF, records };
  const bad = records[2]!;
  // The event source delivers from the first record that is not done; deaths narrow the batch down to the bad one.
  await dieOn(records[0]!.position, 3);
  const first = await lake.processor.process(batch);
  expect(first).toMatchObject({ written: 2, rest: bad.sequenceNumber });
  const left = { ...batch, records: records.slice(2) };
  await dieOn(bad.position, 4);
  // Half of two is one: the bad record alone; it is still read, for it may have been chance.
  await dieOn(bad.position, 4);
  const second = await lake.processor.process(left);
  expect(second).toMatchObject({ written: 0, quarantined: 1, rest: records[3]!.sequenceNumber });
  const third = await lake.processor.process({ ...batch, records: records.slice(3) });
  expect(third).toMatchObject({ written: 1 });
  await lake.commit();
  expect((await lake.rows(lake.readings, 'id')).map((r) => r.id)).toEqual([1, 2, 4]);
  expect(await lake.rows(lake.quarantine, '_seq')).toMatchObject([
    { reason: 'ends_process', _seq: bad.position },
  ]);
});

test('an attempt that ends with an error is not counted: a full disk never quarantines', async () => {
  const records = lake.records(1);
  const close = lake.engine.session.bind(lake.engine);
  lake.engine.session = () => Promise.reject(new Error('no space left on device'));
  for (let i = 0; i < 30; i++)
    await expect(lake.processor.process({ ...REF, records })).rejects.toThrow('no space');
  lake.engine.session = close;
  expect(await lake.processor.process({ ...REF, records })).toMatchObject({ written: 1, quarantined: 0 });
});

test('what a careful processor leaves is asked for again, from the right record', async () => {
  const handler = createIngestHandler(lake.processor);
  const records = lake.records(10);
  await dieOn(records[0]!.position, 3);
  const response = await handler({
    Records: records.map((r) => ({
      eventID: `${REF.shard}:${r.sequenceNumber}`,
      eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/readings',
      kinesis: {
        sequenceNumber: r.sequenceNumber,
        partitionKey: 'k',
        data: Buffer.from(r.data).toString('base64'),
        approximateArrivalTimestamp: 0,
      },
    })),
  });
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: records[5]!.sequenceNumber }] });
});
