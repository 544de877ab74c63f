import type { Log } from '../../../src/ports/log.ts';

const ignore = (): void => undefined;

/** A log for tests that look at results and not at words. */
export const silentLog: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A log that keeps what was said, for tests about failures. */
export function keepingLog(): Log & { lines: string[] } {
  const lines: string[] = [];
  const keep = (message: string): void => void lines.push(message);
  return { lines, debug: ignore, info: keep, warn: keep, error: keep };
}
