/**
 * What went wrong, in the terms that decide what to do next.
 *
 * - `invalid`   the user's input breaks a rule; retrying the same input cannot help
 * - `notFound`  the thing named does not exist
 * - `conflict`  somebody else changed it first; read again and retry
 * - `unknown`   the request may or may not have taken effect; delete nothing, assume nothing, read again
 * - `throttled` refused for load before it took effect; retry later
 * - `unavailable` the other side failed before it took effect; retry later
 * - `corrupt`   stored data contradicts itself; halt and alarm
 * - `refused`   allowed in form, refused by a safety rule
 * - `internal`  a broken invariant of ours
 */
export type ErrorKind =
  | 'invalid'
  | 'notFound'
  | 'conflict'
  | 'unknown'
  | 'throttled'
  | 'unavailable'
  | 'corrupt'
  | 'refused'
  | 'internal';

const RETRYABLE: ReadonlySet<ErrorKind> = new Set(['conflict', 'throttled', 'unavailable']);

export interface ErrorDetails {
  /** Values that name the place: table, shard, path, limit. Never secrets, never whole payloads. */
  context?: Record<string, unknown>;
  /** What the reader should do, as an imperative sentence. */
  remedy?: string;
  cause?: unknown;
}

/** The one error type of the project. */
export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly kind: ErrorKind;
  readonly retryable: boolean;
  readonly context: Record<string, unknown>;
  readonly remedy: string | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.retryable = RETRYABLE.has(kind);
    this.context = details.context ?? {};
    this.remedy = details.remedy;
  }
}

/** True when `error` is ours and of one of `kinds`. */
export function isKind(error: unknown, ...kinds: ErrorKind[]): error is TidemarkError {
  return error instanceof TidemarkError && kinds.includes(error.kind);
}

/** The `code` of a system error (`ENOENT`), or undefined. Also works for errors of another realm. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
