/** The producer kit: `tidemark/producer`. */
export { createProducer, Producer } from './producer.ts';
export type { PutOptions } from './reader.ts';
export type { PutResult } from './lane.ts';
export type { ProducerEvent, ProducerOptions } from './options.ts';
export type { RecordOf, RecordValue, StreamContract } from './record-of.ts';
