import { errorCode, TidemarkError, type ErrorKind } from '../errors.ts';

/** What a failed request means for its records. */
export interface Failure {
  /**
   * - `refused`: nothing was stored, and repeating cannot help
   * - `later`: nothing was stored; repeat it
   * - `unknown`: it may have been stored
   */
  effect: 'refused' | 'later' | 'unknown';
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

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata as { httpStatusCode?: number } | undefined;
  return metadata?.httpStatusCode;
}

/** The codes of an error and of what caused it; connection errors of several addresses come as one. */
function codesOf(error: unknown): string[] {
  const codes: string[] = [];
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = errorCode(at);
    if (code !== undefined) codes.push(code);
    if (at instanceof AggregateError) codes.push(...at.errors.map((e) => errorCode(e) ?? ''));
  }
  return codes;
}

/** Reads what the SDK threw for a PutRecords request. In doubt the outcome is unknown. */
export function failureOf(error: unknown, stream: string): Failure {
  const name = error instanceof Error ? error.name : '';
  const said = error instanceof Error ? error.message : String(error);
  const make = (kind: ErrorKind, text: string): TidemarkError =>
    new TidemarkError(kind, `${text}: ${name} ${said}`.trim(), { context: { stream }, cause: error });
  if (THROTTLED.has(name))
    return { effect: 'later', error: make('throttled', `${stream} takes no more for now`) };
  const codes = codesOf(error);
  if (codes.length > 0 && codes.every((code) => NOT_SENT.has(code)))
    return { effect: 'later', error: make('unavailable', `${stream} cannot be reached`) };
  if (name === 'CredentialsProviderError')
    return { effect: 'refused', error: make('refused', `there are no credentials for ${stream}`) };
  const status = statusOf(error);
  if (status !== undefined && status >= 400 && status < 500)
    return { effect: 'refused', error: make(NAMES[name] ?? 'invalid', `${stream} refused the request`) };
  return {
    effect: 'unknown',
    error: make('unknown', `the answer of ${stream} was lost; the records may be in it or not`),
  };
}
