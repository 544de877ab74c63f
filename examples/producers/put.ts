/**
 * Puts flight events with the producer kit: checked against the definition, batched, in order for each flight.
 *
 * The account and region are those of your profile; AWS_ENDPOINT_URL_KINESIS=http://127.0.0.1:4567 with any credentials
 * names a lakehouse on this machine.
 */
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createProducer } from 'tidemark/producer';
import lakehouse from '../flights/lakehouse.ts';

const endpoint = process.env.AWS_ENDPOINT_URL_KINESIS;
const client = new KinesisClient({
  // Retries are the producer's: a hidden one could put a record twice.
  maxAttempts: 1,
  // The SDK speaks HTTP/2 to Kinesis, which a plain http endpoint is not for.
  ...(endpoint === undefined ? {} : { endpoint, requestHandler: new NodeHttpHandler() }),
});

const producer = createProducer({
  client,
  streamName: process.env.STREAM ?? 'flight_events',
  contract: lakehouse.streams.flight_events!,
  partitionKey: 'flight_id',
  aggregate: true,
});

const event = (flight: string, kind: string, at: Date) => ({
  flight_id: flight,
  event: kind,
  event_time: at,
  carrier: 'DL',
  flight: 3,
  origin: 'LGA',
  dest: 'ATL',
});

const puts = [
  producer.put(event('2013-02-01/TS/3/LGA', 'scheduled', new Date('2013-01-31T15:00:00Z'))),
  producer.put(event('2013-02-01/TS/3/LGA', 'departed', new Date('2013-02-01T15:00:00Z'))),
];
for (const { shardId, sequenceNumber, subSequence = 0 } of await Promise.all(puts))
  console.log(`${shardId} ${sequenceNumber} ${subSequence}`);

// Not an event that the stream knows: refused here, with the reason, instead of quarantined behind the stream.
await producer
  .put(event('2013-02-01/TS/3/LGA', 'vanished', new Date('2013-02-01T16:00:00Z')))
  .catch((error: unknown) => console.log(String(error)));

await producer.close();
client.destroy();
