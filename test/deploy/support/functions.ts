import type { Calls } from './calls.ts';

/** An event source mapping as Lambda answers it, as far as the tests read it. */
export interface EventSourceMapping {
  UUID: string;
  EventSourceArn: string;
  FunctionArn: string;
  State: string;
  StartingPosition: string;
  BatchSize: number;
  MaximumBatchingWindowInSeconds: number;
  /** Seconds; -1 or absent is without end. */
  MaximumRecordAgeInSeconds?: number;
  /** -1 or absent is without end. */
  MaximumRetryAttempts?: number;
  BisectBatchOnFunctionError?: boolean;
  FunctionResponseTypes?: string[];
  ParallelizationFactor?: number;
  DestinationConfig?: { OnFailure?: { Destination: string } };
}

/** The event source mappings whose source is of `service`: `kinesis` or `dynamodb`. */
export async function mappingsOf(calls: Calls, service: string): Promise<EventSourceMapping[]> {
  const answer = await calls.lambda('GET', '/2015-03-31/event-source-mappings/');
  const { EventSourceMappings: all } = (await answer.json()) as { EventSourceMappings: EventSourceMapping[] };
  return all.filter((m) => m.EventSourceArn.split(':')[2] === service);
}

/** Keeps the emulator from polling by itself. */
export async function disable(calls: Calls, mapping: EventSourceMapping): Promise<void> {
  await calls.lambda('PUT', `/2015-03-31/event-source-mappings/${mapping.UUID}`, { Enabled: false });
}

/** Invokes a function and waits for what it returns; an error that it ended with is thrown. */
export async function invoke<T>(calls: Calls, functionArn: string, payload: object): Promise<T> {
  const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`;
  const answer = await calls.lambda('POST', path, payload);
  const text = await answer.text();
  if (answer.headers.get('x-amz-function-error') !== null) throw new Error(`${functionArn} failed: ${text}`);
  return JSON.parse(text) as T;
}

/** The ARN of the function of this name. */
export async function functionNamed(calls: Calls, name: string): Promise<string> {
  const answer = await calls.lambda('GET', `/2015-03-31/functions/${name}`);
  const { Configuration } = (await answer.json()) as { Configuration: { FunctionArn: string } };
  return Configuration.FunctionArn;
}
