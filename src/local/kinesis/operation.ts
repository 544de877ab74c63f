import { KinesisFault } from './fault.ts';
import type { Input } from './input.ts';
import { nameInArn } from './names.ts';
import type { Output } from './protocol.ts';
import type { KinesisStore } from './store.ts';

export interface OperationContext {
  store: KinesisStore;
  /** Stands in the ARNs that are given; any region is taken. */
  region: string;
}

/** One action of the Kinesis API. Throws `KinesisFault`; anything else is a failure of ours. */
export type Operation = (context: OperationContext, input: Input) => Promise<Output>;

export const STREAM_NAME = { min: 1, max: 128, pattern: /^[a-zA-Z0-9_.-]+$/ } as const;
export const SHARD_ID = { min: 1, max: 128, pattern: /^[a-zA-Z0-9_.-]+$/ } as const;

/** The stream that `StreamName`, `StreamARN` or both name. */
export function streamName(input: Input): string {
  const name = input.optionalText('StreamName', STREAM_NAME);
  const arn = input.optionalText('StreamARN', { min: 1, max: 2048 });
  if (arn === undefined) {
    if (name !== undefined) return name;
    throw new KinesisFault('InvalidArgumentException', 'Either StreamName or StreamARN must be provided.');
  }
  const named = nameInArn(arn);
  if (named === undefined)
    throw new KinesisFault('InvalidArgumentException', `${arn} is not the ARN of a stream.`);
  if (name !== undefined && name !== named) {
    throw new KinesisFault(
      'InvalidArgumentException',
      `StreamName ${name} and StreamARN ${arn} name different streams.`,
    );
  }
  return named;
}
