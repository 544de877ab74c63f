import type { BatchResponse, KinesisEvent } from './event.ts';
import { readEvent } from './event.ts';
import type { BatchResult, Processor } from './processor.ts';

/**
 * The function behind a stream's event source, in Lambda and locally alike.
 *
 * Records are claimed in one piece or not at all, so on failure the whole batch is asked for again: the error is thrown,
 * and the event source retries without end. A processor that is careful with a batch leaves its end for the next call. Bad records are no failure: they are in quarantine by then.
 */
export function createIngestHandler(
  processor: Processor,
  onResult: (result: BatchResult) => void = () => undefined,
): (event: KinesisEvent) => Promise<BatchResponse> {
  return async (event) => {
    const batch = readEvent(event);
    if (!batch) return { batchItemFailures: [] };
    const result = await processor.process(batch);
    onResult(result);
    return { batchItemFailures: result.rest === undefined ? [] : [{ itemIdentifier: result.rest }] };
  };
}
