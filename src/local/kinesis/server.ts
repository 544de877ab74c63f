import { randomUUID } from 'node:crypto';
import { isKind } from '../../errors.ts';
import type { Log } from '../../ports/log.ts';
import { KinesisFault } from './fault.ts';
import { Input } from './input.ts';
import { listen, type Request, type Response } from './listener.ts';
import type { Operation, OperationContext } from './operation.ts';
import { CBOR_1_1, JSON_1_1, RPC_V2_CBOR, type Output, type Protocol } from './protocol.ts';
import { RECORD_OPERATIONS } from './record-operations.ts';
import { SHARD_OPERATIONS } from './shard-operations.ts';
import type { KinesisStore } from './store.ts';
import { STREAM_OPERATIONS } from './stream-operations.ts';
import { TAG_OPERATIONS } from './tag-operations.ts';

const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries({ ...STREAM_OPERATIONS, ...SHARD_OPERATIONS, ...RECORD_OPERATIONS, ...TAG_OPERATIONS }),
);
const TARGET = /^Kinesis_20131202\.(\w+)$/;
const RPC_PATH = /^\/service\/Kinesis_20131202\/operation\/(\w+)$/;
/** The largest put in base64, with room for keys and names. */
const MAX_BODY = 16 * 1024 * 1024;
const TRIM_EVERY = 60_000;

export interface KinesisServerOptions {
  store: KinesisStore;
  /** 0 takes a free one. */
  port: number;
  /** @default '127.0.0.1' */
  host?: '127.0.0.1' | '::1' | 'localhost';
  /** Stands in ARNs. @default 'us-east-1' */
  region?: string;
  /** Is told of failures that a client only sees as a 500. */
  log?: Log;
}

export interface KinesisServer {
  port: number;
  /** For the `endpoint` of a client. */
  url: string;
  /** Takes no more requests, answers those under way, and leaves the store open. */
  close(): Promise<void>;
}

/** A request that is understood as far as to know who shall answer it, and how. */
interface Call {
  protocol: Protocol;
  operation: string;
}

/**
 * Serves the Kinesis API of `store` on loopback, over HTTP/1.1 and HTTP/2, in AWS JSON 1.1, in the CBOR of AWS's Java libraries, and in Smithy
 * RPC v2 CBOR. Signatures are not verified. Requests of web pages are refused: they alone have an `Origin`.
 */
export async function startKinesisServer(options: KinesisServerOptions): Promise<KinesisServer> {
  const { store, host = '127.0.0.1', region = 'us-east-1', log } = options;
  await store.ready();
  const listener = await listen(options.port, host, (request, response) =>
    answer({ store, region }, request, response, log),
  );
  const trimming = setInterval(() => {
    store.trim().catch((error: unknown) => log?.error('trimming the streams failed', { error }));
  }, TRIM_EVERY);
  trimming.unref();
  const { port } = listener;
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () => {
      clearInterval(trimming);
      return listener.close();
    },
  };
}

async function answer(
  context: OperationContext,
  request: Request,
  response: Response,
  log: Log | undefined,
): Promise<void> {
  let protocol: Protocol = JSON_1_1;
  try {
    const call = route(request);
    protocol = call.protocol;
    const body = await readBody(request);
    const operation = OPERATIONS.get(call.operation);
    if (operation === undefined) {
      throw new KinesisFault(
        'UnknownOperationException',
        `Operation ${call.operation} is not supported here.`,
      );
    }
    send(response, 200, protocol, await operation(context, new Input(protocol.decode(body), protocol)));
  } catch (error) {
    const fault = toFault(error);
    if (fault.status === 500) log?.error('a Kinesis request failed', { error: fault.cause ?? error });
    const type = { 'x-amzn-errortype': fault.code };
    send(
      response,
      fault.status,
      protocol,
      { __type: protocol.errorType(fault.code), message: fault.message },
      type,
    );
  }
}

/** Throws `UnknownOperationException`, and `AccessDeniedException` for a web page. */
function route(request: Request): Call {
  const { method, url = '/', headers } = request;
  if (headers.origin !== undefined) {
    throw new KinesisFault('AccessDeniedException', 'This endpoint takes no requests from web pages.');
  }
  const path = url.split('?', 1)[0] ?? '/';
  const contentType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  const rpc = RPC_PATH.exec(path)?.[1];
  if (method === 'POST' && rpc !== undefined && headers['smithy-protocol'] === 'rpc-v2-cbor') {
    return { protocol: RPC_V2_CBOR, operation: rpc };
  }
  const protocol = [JSON_1_1, CBOR_1_1].find((candidate) => candidate.contentType === contentType);
  const target = headers['x-amz-target'];
  const operation = TARGET.exec(typeof target === 'string' ? target : '')?.[1];
  if (method !== 'POST' || protocol === undefined || operation === undefined) {
    throw new KinesisFault(
      'UnknownOperationException',
      'Expected a POST of application/x-amz-json-1.1 or application/x-amz-cbor-1.1 with X-Amz-Target: Kinesis_20131202.<operation>.',
    );
  }
  return { protocol, operation };
}

async function readBody(request: Request): Promise<Buffer> {
  const tooLong = (): KinesisFault =>
    new KinesisFault('ValidationException', `The request is longer than ${MAX_BODY} bytes.`);
  // Refused before it is read, so that the client gets the answer and not a broken connection.
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY) throw tooLong();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += chunk.length;
      if (length > MAX_BODY) throw tooLong();
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof KinesisFault) throw cause;
    throw new KinesisFault('SerializationException', 'The request ended before its end.', { cause });
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length);
}

/** What is not a fault of the API's is a failure of ours: retryable, and told to the log in full. */
function toFault(error: unknown): KinesisFault {
  if (error instanceof KinesisFault) return error;
  const message = isKind(error, 'corrupt') ? 'Stored data is damaged.' : 'Internal service failure.';
  return new KinesisFault('InternalFailure', message, { cause: error });
}

function send(
  response: Response,
  status: number,
  protocol: Protocol,
  output: Output,
  headers: Record<string, string> = {},
): void {
  // A client that went away needs no answer.
  if (response.destroyed || response.headersSent) return;
  // As with the service, a success without members has no body in JSON; CBOR clients want the empty map.
  const empty = status === 200 && protocol === JSON_1_1 && Object.keys(output).length === 0;
  const body = empty ? Buffer.alloc(0) : protocol.encode(output);
  response.writeHead(status, {
    'content-type': protocol.contentType,
    'content-length': body.byteLength,
    'x-amzn-requestid': randomUUID(),
    ...protocol.headers,
    ...headers,
  });
  response.end(body);
}
