import { TidemarkError, type ErrorDetails, type ErrorKind } from '../../errors.ts';

/** The error types of the Kinesis API that this endpoint gives, as they stand in `__type`. */
export type FaultCode =
  | 'AccessDeniedException'
  | 'DryRunOperationException'
  | 'ExpiredIteratorException'
  | 'ExpiredNextTokenException'
  | 'InternalFailure'
  | 'InvalidArgumentException'
  | 'LimitExceededException'
  | 'ProvisionedThroughputExceededException'
  | 'ResourceInUseException'
  | 'ResourceNotFoundException'
  | 'SerializationException'
  | 'UnknownOperationException'
  | 'ValidationException';

const KINDS: Record<FaultCode, ErrorKind> = {
  AccessDeniedException: 'refused',
  DryRunOperationException: 'refused',
  ExpiredIteratorException: 'invalid',
  ExpiredNextTokenException: 'invalid',
  InternalFailure: 'unavailable',
  InvalidArgumentException: 'invalid',
  LimitExceededException: 'refused',
  ProvisionedThroughputExceededException: 'throttled',
  ResourceInUseException: 'conflict',
  ResourceNotFoundException: 'notFound',
  SerializationException: 'invalid',
  UnknownOperationException: 'invalid',
  ValidationException: 'invalid',
};

/** An error that a Kinesis client is meant to see: the API's error type and its message. */
export class KinesisFault extends TidemarkError {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, details: ErrorDetails = {}) {
    super(KINDS[code], message, details);
    this.code = code;
  }

  /** Kinesis answers 500 for its own failures and 400 for everything else, throttling included. */
  get status(): 400 | 500 {
    return this.code === 'InternalFailure' ? 500 : 400;
  }
}
