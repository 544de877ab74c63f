import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';

/** Time and chance, for waiting between attempts. */
export interface Pace {
  clock: Clock;
  random: Random;
}

export interface Backoff {
  attempts: number;
  /** The first pause at most, milliseconds; each later one up to twice as long. */
  firstMs: number;
  longestMs: number;
}

/**
 * Waits before attempt `attempt` (from 1): between nothing and the whole pause, so that writers that failed together
 * do not come back together ("Exponential Backoff And Jitter", full jitter).
 */
export function pause(pace: Pace, backoff: Backoff, attempt: number): Promise<void> {
  const whole = Math.min(backoff.longestMs, backoff.firstMs * 2 ** (attempt - 1));
  return pace.clock.sleep(whole * pace.random.next());
}
