/** A file of records that `tidemark dev` puts into a stream, in the file's order. */
export interface ReplaySource {
  stream: string;
  /** NDJSON, also gzipped; relative to the definition's file. */
  file: string;
  /** The field whose value is the partition key. */
  partitionKey?: string;
  /** The field with the event's time, by which the replay keeps pace. */
  eventTime: string;
}
