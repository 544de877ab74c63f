import { TidemarkError } from '../../errors.ts';
import type { AlertMessage } from './alert-message.ts';
import { awsError, faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';

/** An entry that the service did not take, by its place in the request. */
export interface RefusedEntry {
  index: number;
  code: string;
  /** True when repeating the same entry cannot help. */
  final: boolean;
}

const RETRY: Backoff = { attempts: 6, firstMs: 100, longestMs: 3_000 };

/**
 * Sends a batch until the service has taken every entry. Alerts are delivered at least once: after an ambiguous answer
 * they are sent again, with the same ids.
 * @param send sends the entries and says which were not taken
 * @throws kind `unavailable` or `throttled` when some were not taken in time, `invalid` when some never will be
 */
export async function sendBatch(
  pace: Pace,
  batch: readonly AlertMessage[],
  where: Record<string, unknown>,
  send: (batch: readonly AlertMessage[]) => Promise<RefusedEntry[]>,
): Promise<void> {
  let left = batch;
  let cause: unknown;
  for (let attempt = 1; attempt <= RETRY.attempts; attempt++) {
    if (attempt > 1) await pause(pace, RETRY, attempt - 1);
    try {
      const refused = await send(left);
      if (refused.length === 0) return;
      const codes = [...new Set(refused.map((entry) => entry.code))];
      cause = new TidemarkError(
        refused.some((entry) => entry.final) ? 'invalid' : 'unavailable',
        `${refused.length} of ${left.length} alerts were not taken: ${codes.join(', ')}`,
        { context: { ...where, ids: refused.map((entry) => left[entry.index]?.alert.id) } },
      );
      if (refused.some((entry) => entry.final)) break;
      left = refused.flatMap((entry) => left[entry.index] ?? []);
    } catch (error) {
      cause = error;
      if (faultOf(error).fate === 'refused') break;
    }
  }
  throw awsError(cause, 'send alerts', where);
}
