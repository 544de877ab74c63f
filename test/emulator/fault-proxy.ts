import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What the network and the service can do to a request.
 *
 * - `throttled`      refused for load: not applied
 * - `lost`           the connection breaks before the request arrives: not applied
 * - `applied-500`    applied, and answered with a server error
 * - `applied-cut`    applied, and the connection breaks before the answer
 * - `applied-silent` applied, and never answered: the client's time-out ends it
 * - `late`           the connection breaks, and the request is applied afterwards
 */
export type Fault = 'throttled' | 'lost' | 'applied-500' | 'applied-cut' | 'applied-silent' | 'late';
export const FAULTS: readonly Fault[] = [
  'throttled',
  'lost',
  'applied-500',
  'applied-cut',
  'applied-silent',
  'late',
];

/** `UpdateTable`, `TransactWriteItems`; for S3 the method, with what tells parts apart: `PUT`, `POST uploadId`. */
export type Operation = string;

export interface FaultProxy {
  url: string;
  /** Asked for each request. */
  decide: (operation: Operation) => Fault | undefined;
  /** How often each fault was made, by operation. */
  made: Map<string, number>;
  /** Waits until requests that are applied late have been. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const LATE_MS = 150;

/** An HTTP proxy in front of an emulator, for tests of lost answers. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const late = new Set<Promise<unknown>>();
  const made = new Map<string, number>();
  const server = createServer((incoming, outgoing) => {
    // A client that went away is the very thing under test.
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming);
    const operation = operationOf(incoming);
    const fault = proxy.decide(operation);
    if (fault !== undefined) made.set(`${operation} ${fault}`, (made.get(`${operation} ${fault}`) ?? 0) + 1);
    const json = incoming.headers['x-amz-target'] !== undefined;
    switch (fault) {
      case undefined:
        reply(outgoing, await forward(target, incoming, body));
        return;
      case 'throttled':
        refuse(outgoing, json);
        return;
      case 'lost':
        outgoing.destroy();
        return;
      case 'applied-500':
        await forward(target, incoming, body);
        outgoing.writeHead(500, { 'content-type': json ? 'application/x-amz-json-1.1' : 'application/xml' });
        outgoing.end(
          json ? '{"__type":"InternalServiceException"}' : '<Error><Code>InternalError</Code></Error>',
        );
        return;
      case 'applied-cut':
        await forward(target, incoming, body);
        outgoing.destroy();
        return;
      case 'applied-silent':
        await forward(target, incoming, body);
        return;
      case 'late': {
        outgoing.destroy();
        const applied = sleep(LATE_MS).then(() => forward(target, incoming, body));
        late.add(applied);
        void applied.finally(() => late.delete(applied));
      }
    }
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const proxy: FaultProxy = {
    url: `http://127.0.0.1:${address.port}`,
    decide: () => undefined,
    made,
    settle: async () => {
      await Promise.all(late);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function operationOf({ headers, method, url }: IncomingMessage): Operation {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.slice(target.lastIndexOf('.') + 1);
  const query = [...new URL(url ?? '/', 'http://any').searchParams.keys()].filter((key) => key !== 'x-id');
  return [method, ...query].join(' ');
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

async function forward(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const outgoing = request(new URL(incoming.url ?? '/', target), {
    method: incoming.method ?? 'GET',
    headers: { ...incoming.headers, 'content-length': body.length, connection: 'close' },
  });
  delete incoming.headers['transfer-encoding'];
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 500, headers: answer.headers, body: await bytesOf(answer) };
}

function reply(outgoing: ServerResponse, { status, headers, body }: Answer): void {
  const { connection: _connection, 'transfer-encoding': _encoding, ...kept } = headers;
  outgoing.writeHead(status, kept);
  outgoing.end(body);
}

function refuse(outgoing: ServerResponse, json: boolean): void {
  outgoing.writeHead(json ? 400 : 503, {
    'content-type': json ? 'application/x-amz-json-1.1' : 'application/xml',
  });
  outgoing.end(json ? '{"__type":"ThrottlingException"}' : '<Error><Code>SlowDown</Code></Error>');
}
