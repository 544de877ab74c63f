import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Answer, Call, ServiceDouble } from './call.ts';
import { DynamoDouble } from './dynamo-double.ts';
import { GlueDouble } from './glue-double.ts';
import { EventsDouble, SnsDouble } from './message-doubles.ts';
import { S3Double } from './s3-double.ts';

/** Of a signature: who signed, and for which service. */
const CREDENTIAL = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//;
/** Where a custom resource's answer goes: a signed URL, for which the function needs no permission. */
const ANSWERS = '/answers-to-cloudformation/';

/** What CloudFormation was told. */
export interface Told {
  Status: string;
  Reason?: string;
}

/**
 * The services that the functions call, behind one endpoint. Every request is noted with the access key that signed it,
 * which the tests make the function's name.
 */
export class AwsDouble {
  readonly calls: Call[] = [];
  readonly told: Told[] = [];
  readonly s3 = new S3Double();
  readonly glue: GlueDouble;
  readonly #services: Readonly<Record<string, ServiceDouble>>;
  readonly #server: Server;

  private constructor(account: string, region: string) {
    const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${account}:${rest}`;
    this.glue = new GlueDouble(arn('glue', ''));
    this.#services = {
      s3: this.s3,
      glue: this.glue,
      dynamodb: new DynamoDouble(arn('dynamodb', 'table/')),
      sns: new SnsDouble(),
      events: new EventsDouble(arn('events', 'event-bus/')),
    };
    this.#server = createServer((request, response) => {
      void this.#handle(request)
        .catch((error: unknown): Answer => ({ status: 501, body: String(error) }))
        .then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
    });
  }

  static async open({ account, region }: { account: string; region: string }): Promise<AwsDouble> {
    const double = new AwsDouble(account, region);
    double.#server.listen(0, '127.0.0.1');
    await once(double.#server, 'listening');
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get answersUrl(): string {
    return `${this.url}${ANSWERS}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(request: IncomingMessage): Promise<Answer> {
    const body = await buffer(request);
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname === ANSWERS) {
      this.told.push(JSON.parse(body.toString('utf8')) as Told);
      return { status: 200 };
    }
    const [, caller = '', service = ''] = CREDENTIAL.exec(request.headers.authorization ?? '') ?? [];
    const double = this.#services[service];
    if (!double) throw new Error(`no service takes ${request.method ?? ''} ${url.href}`);
    const headers = request.headers as Record<string, string | undefined>;
    const incoming = { caller, method: request.method ?? '', url, headers, body };
    const { operation, needs, answer } = double.handle(incoming);
    this.calls.push({ caller, service, operation, needs });
    return answer;
  }
}
