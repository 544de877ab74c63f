import { errorCode, TidemarkError, type ErrorKind } from '../errors.ts';

/** What a failed request means for its records. */
export interface Failure {
  /**
   * - `refused`: nothing was stored, and repeating cannot help
   * - `later`: nothing was stored; repeat it
   * - `unknown`: it may have been stored
   */
  effect: 'refused' | 'later' | 'unknown';
  /** The client itself tried more than once: an earlier try may have been stored. */
  repeated: boolean;
  error: TidemarkError;
}

/** Never reached the service, or was turned away whole. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'LimitExceededException',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'KMSThrottlingException',
]);
const NAMES: Readonly<Record<string, ErrorKind>> = {
  ResourceNotFoundException: 'notFound',
  AccessDeniedException: 'refused',
};

function metadataOf(error: unknown): { httpStatusCode?: number; attempts?: number } {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return {};
  return error.$metadata ?? {};
}

/**
 * Whether the connection could not be made, so that nothing was sent. The code may stand in a cause, in one of several
 * addresses' errors, or only in the text that the SDK keeps of an error it cannot tell as one.
 */
function wasNotSent(error: unknown): boolean {
  const text = error instanceof Error ? error.message : String(error);
  if (/\b(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)\b/.test(text)) return true;
  let at: unknown = error;
  for (let depth = 0; typeof at === 'object' && at !== null && depth < 5; depth++) {
    if (NOT_SENT.has(errorCode(at) ?? '')) return true;
    at = 'cause' in at ? at.cause : undefined;
  }
  return false;
}

/** Reads what the SDK threw for a PutRecords request. In doubt the outcome is unknown. */
export function failureOf(error: unknown, stream: string): Failure {
  const name = error instanceof Error ? error.name : '';
  const said = error instanceof Error ? error.message : String(error);
  const make = (kind: ErrorKind, text: string): TidemarkError =>
    new TidemarkError(kind, `${text}: ${name} ${said}`.trim(), { context: { stream }, cause: error });
  const repeated = (metadataOf(error).attempts ?? 1) > 1;
  if (THROTTLED.has(name))
    return { effect: 'later', repeated, error: make('throttled', `${stream} takes no more for now`) };
  if (wasNotSent(error))
    return { effect: 'later', repeated, error: make('unavailable', `${stream} cannot be reached`) };
  if (name === 'CredentialsProviderError')
    return { effect: 'refused', repeated, error: make('refused', `there are no credentials for ${stream}`) };
  const { httpStatusCode: status } = metadataOf(error);
  if (status !== undefined && status >= 400 && status < 500)
    return {
      effect: 'refused',
      repeated,
      error: make(NAMES[name] ?? 'invalid', `${stream} refused the request`),
    };
  return {
    effect: 'unknown',
    repeated,
    error: make('unknown', `the answer of ${stream} was lost; the records may be in it or not`),
  };
}
