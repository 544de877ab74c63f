import { describe, expect, test } from '@jest/globals';
import { awsError, faultOf, type Fate } from '../../src/adapters/aws/aws-fault.ts';
import type { ErrorKind } from '../../src/errors.ts';
import { brokenConnection, serviceError, timedOut } from './support.ts';

const CASES: [string, unknown, Fate, ErrorKind][] = [
  ['throttling by name', serviceError('ThrottlingException', 400), 'throttled', 'throttled'],
  ['throttling by status', serviceError('Whatever', 429), 'throttled', 'throttled'],
  ['S3 for load', serviceError('SlowDown', 503), 'throttled', 'throttled'],
  ['capacity', serviceError('ProvisionedThroughputExceededException', 400), 'throttled', 'throttled'],
  ['a wrong request', serviceError('ValidationException', 400), 'refused', 'invalid'],
  ['no permission', serviceError('AccessDeniedException', 400), 'refused', 'refused'],
  ['no permission, in a HEAD without a body', serviceError('403', 403), 'refused', 'refused'],
  ['credentials that ran out', serviceError('ExpiredToken', 403), 'refused', 'unavailable'],
  ['a server error', serviceError('InternalServerError', 500), 'ambiguous', 'unavailable'],
  ['a server that is not there for now', serviceError('ServiceUnavailable', 503), 'ambiguous', 'unavailable'],
  ['a body that S3 waited for in vain', serviceError('RequestTimeout', 400), 'ambiguous', 'unavailable'],
  ['a broken connection', brokenConnection(), 'ambiguous', 'unavailable'],
  [
    'a broken connection inside another error',
    new Error('x', { cause: brokenConnection('EPIPE') }),
    'ambiguous',
    'unavailable',
  ],
  ['a time-out', timedOut(), 'ambiguous', 'unavailable'],
  ['nobody listening', brokenConnection('ECONNREFUSED'), 'unsent', 'unavailable'],
  ['an unknown host', brokenConnection('ENOTFOUND'), 'unsent', 'unavailable'],
  ['something that is no error', 'text', 'ambiguous', 'unavailable'],
];

describe('what an error of the SDK says about the request', () => {
  test.each(CASES)('%s', (_name, error, fate, kind) => {
    expect(faultOf(error).fate).toBe(fate);
    expect(awsError(error, 'do it', {})).toMatchObject({ kind, cause: error });
  });
});
