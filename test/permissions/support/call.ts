/** A request to a service, as the double of AWS saw it. */
export interface Call {
  /** Name of the function that signed it. */
  caller: string;
  /** As the signature's scope names it: `s3`, `dynamodb`, `glue`, `sns`, `events`. */
  service: string;
  operation: string;
  /** IAM's actions and the resource of each. */
  needs: Need[];
}

/** An action on a resource, as IAM is asked for it. */
export interface Need {
  action: string;
  resource: string;
}

/** What a service answers. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** A request, read and taken apart. */
export interface Incoming {
  caller: string;
  method: string;
  url: URL;
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer;
}

/** One service, as far as the handlers use it. */
export interface ServiceDouble {
  /** Does the work, and says what it was and what it takes by IAM. */
  handle(request: Incoming): { operation: string; needs: Need[]; answer: Answer };
}

/** An error of a service that speaks JSON. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  readonly more: object;

  constructor(code: string, status = 400, more: object = {}) {
    super(`${code} was said`);
    this.code = code;
    this.status = status;
    this.more = more;
  }
}

/** Runs the work of a JSON operation and puts its result, or its error, on the wire. */
export function jsonAnswer(work: () => object): Answer {
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  try {
    return { status: 200, headers, body: JSON.stringify(work()) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const body = JSON.stringify({ __type: error.code, message: error.message, ...error.more });
    return { status: error.status, headers, body };
  }
}

/** The operation that a JSON service was asked for, and its input. */
export function jsonRequest({ headers, body }: Incoming): { operation: string; input: unknown } {
  const target = headers['x-amz-target'] ?? '';
  return {
    operation: target.slice(target.indexOf('.') + 1),
    input: JSON.parse(body.toString('utf8')) as unknown,
  };
}
