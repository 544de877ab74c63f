import { isKind, TidemarkError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';

export interface Deadline {
  /** Runs work that fails with kind `refused` once the time is over or the signal came. */
  within<T>(work: () => Promise<T>): Promise<T>;
  end(): void;
}

/** Stops work after a time or at a signal. @param stop interrupts what runs */
export function deadline(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  stop: () => void,
): Deadline {
  const timer = new AbortController();
  let over: string | undefined;
  const end = (why: string): void => {
    over ??= why;
    stop();
  };
  const onAbort = (): void => end('the query was stopped');
  signal?.addEventListener('abort', onAbort);
  void clock.sleep(ms, timer.signal).then(() => {
    if (!timer.signal.aborted) end(`the query ran longer than ${ms / 1000} s and was stopped`);
  });
  const isOver = (): boolean => over !== undefined;
  const refusal = (cause?: unknown): TidemarkError =>
    new TidemarkError('refused', over!, {
      remedy: 'select fewer rows, or filter by a column',
      ...(cause === undefined ? {} : { cause }),
    });
  return {
    async within(work) {
      if (signal?.aborted) onAbort();
      if (isOver()) throw refusal();
      try {
        return await work();
      } catch (error) {
        throw isOver() && isKind(error, 'unavailable') ? refusal(error) : error;
      }
    },
    end() {
      timer.abort();
      signal?.removeEventListener('abort', onAbort);
    },
  };
}
