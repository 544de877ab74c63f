import { errorCode, TidemarkError, type ErrorKind } from '../../errors.ts';

/**
 * What an error of the SDK says about the request.
 *
 * - `refused`    the service looked at it and said no: it was not applied, and will not be
 * - `throttled`  refused for load: not applied; may be repeated
 * - `unsent`     no connection was made: not applied; may be repeated
 * - `ambiguous`  server error, time-out, broken connection: it may have been applied, and may still be
 */
export type Fate = 'refused' | 'throttled' | 'unsent' | 'ambiguous';

export interface Fault {
  fate: Fate;
  /** The service's name of the error (`ConcurrentModificationException`), or the system's code (`ECONNRESET`). */
  name: string;
  status: number | undefined;
}

const THROTTLED: ReadonlySet<string> = new Set([
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);
const UNSENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CredentialsProviderError',
]);
/** Answers with a 4xx status that say nothing definite: S3's own time-out while it reads the request. */
const AMBIGUOUS: ReadonlySet<string> = new Set(['RequestTimeout', 'RequestTimeoutException']);
/** Refusals that say nothing about the request itself. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestTimeTooSkewed',
]);
const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationErrorException',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
]);

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Takes an SDK error apart. Looks at its shape only: errors may be of another realm or another copy of the SDK. */
export function faultOf(error: unknown): Fault {
  const named = property(error, 'name');
  const status = property(property(error, '$metadata'), 'httpStatusCode');
  const code = errorCode(error) ?? errorCode(property(error, 'cause'));
  const name = code ?? (typeof named === 'string' ? named : 'Error');
  return { name, status: typeof status === 'number' ? status : undefined, fate: fateOf(name, status, error) };
}

function fateOf(name: string, status: unknown, error: unknown): Fate {
  if (THROTTLED.has(name) || status === 429) return 'throttled';
  if (UNSENT.has(name)) return 'unsent';
  if (AMBIGUOUS.has(name)) return 'ambiguous';
  if (typeof status === 'number' && status >= 400 && status < 500) return 'refused';
  // Errors of the service's model are its answer, with or without a status.
  return property(error, '$fault') === 'client' && status === undefined ? 'refused' : 'ambiguous';
}

const KIND: Record<Fate, ErrorKind> = {
  refused: 'invalid',
  throttled: 'throttled',
  unsent: 'unavailable',
  ambiguous: 'unavailable',
};

/**
 * The error of a call that reads, or that changed nothing, in our terms.
 * @param what the act, to be read after "cannot": `read table a.b`
 */
export function awsError(
  error: unknown,
  what: string,
  context: Record<string, unknown>,
  kind?: ErrorKind,
): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const fault = faultOf(error);
  const denied = DENIED.has(fault.name) || fault.status === 403;
  const transient = TRANSIENT.has(fault.name);
  const ofFate = transient ? 'unavailable' : denied ? 'refused' : KIND[fault.fate];
  const said = property(error, 'message');
  return new TidemarkError(kind ?? ofFate, `cannot ${what}: ${fault.name}: ${String(said)}`, {
    context: { ...context, error: fault.name, status: fault.status },
    ...(denied && !transient ? { remedy: 'grant the role this action on this resource' } : {}),
    cause: error,
  });
}
