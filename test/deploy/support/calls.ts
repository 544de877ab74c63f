import type { Emulator } from '../../emulator/emulator.ts';

/** A service by the names that its protocol uses: in the signature's scope, and before an operation. */
const TARGETS = {
  glue: 'AWSGlue',
  logs: 'Logs_20140328',
  sqs: 'AmazonSQS',
  states: 'AWSStepFunctions',
} as const;

/**
 * Calls of services whose SDK clients the product does not need. The emulator reads the service from the signature's
 * scope and checks no signature.
 */
export class Calls {
  readonly #url: string;

  constructor(emulator: Emulator) {
    this.#url = emulator.url;
  }

  /** A call of a service that speaks JSON with a target. */
  async json<T>(service: keyof typeof TARGETS, operation: string, body: object): Promise<T> {
    const headers = {
      ...scope(service),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${TARGETS[service]}.${operation}`,
    };
    return (
      await this.#send(operation, '/', { method: 'POST', headers, body: JSON.stringify(body) })
    ).json() as T;
  }

  /** A call of Lambda, which speaks REST. */
  lambda(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Response> {
    const init = {
      method,
      headers: scope('lambda'),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    return this.#send(path, path, init);
  }

  /** Names of the stacks that are there. */
  async stacks(): Promise<string[]> {
    const body = new URLSearchParams({ Action: 'DescribeStacks', Version: '2010-05-15' });
    const answer = await this.#send('DescribeStacks', '/', {
      method: 'POST',
      headers: scope('cloudformation'),
      body,
    });
    return [...(await answer.text()).matchAll(/<StackName>([^<]+)</g)].map((match) => match[1]!);
  }

  async #send(what: string, path: string, init: RequestInit): Promise<Response> {
    const answer = await fetch(`${this.#url}${path}`, init);
    if (!answer.ok) throw new Error(`${what} was answered with ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}

function scope(service: string): { authorization: string } {
  const credential = `Credential=test/20260101/us-east-1/${service}/aws4_request`;
  return { authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=unchecked` };
}
