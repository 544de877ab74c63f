import { createServer as createHttp1, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Session } from 'node:http2';
import { createServer, type Socket } from 'node:net';

/** What both versions of HTTP have of a request. */
export interface Request extends AsyncIterable<Buffer> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** What both versions of HTTP have of a response. */
export interface Response {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  writeHead(status: number, headers: OutgoingHttpHeaders): unknown;
  end(body: Uint8Array): unknown;
}

export interface Listener {
  port: number;
  /** Takes no more requests and returns when those under way are answered. */
  close(): Promise<void>;
}

/** Connections at a time: each may hold a request in memory. */
const MAX_CONNECTIONS = 1024;
/** How long a connection may say nothing, in milliseconds. */
const IDLE = 65_000;
/** Flow-control window of an HTTP/2 stream: a smaller one makes a large put wait for each part of it. */
const WINDOW = 4 * 1024 * 1024;

/**
 * Listens for HTTP/1.1 and for HTTP/2 without TLS on one port; 0 takes a free one. The AWS SDK for JavaScript speaks
 * HTTP/2 to Kinesis unless it is told otherwise, and on plain text begins with the preface of RFC 9113, section 3.4.
 */
export async function listen(
  port: number,
  host: string,
  handle: (request: Request, response: Response) => Promise<void>,
): Promise<Listener> {
  /** Requests under way on each HTTP/1.1 connection. */
  const busy = new Map<Socket, number>();
  const sessions = new Set<ServerHttp2Session>();
  const fresh = new Set<Socket>();
  let closing = false;

  const http1 = createHttp1({ keepAliveTimeout: IDLE }, (request, response) => {
    const { socket } = request;
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (busy.get(socket) ?? 1) - 1;
      if (!socket.destroyed) busy.set(socket, left);
      if (closing && left === 0) socket.end();
    });
    void handle(request, response);
  });
  const http2 = createHttp2({ settings: { initialWindowSize: WINDOW } }, (request, response) => {
    void handle(request, response);
  });
  http2.on('session', (session) => {
    sessions.add(session);
    session.setTimeout(IDLE, () => session.close());
    session.once('close', () => sessions.delete(session));
  });

  const server = createServer((socket) => {
    fresh.add(socket);
    socket.setTimeout(IDLE, () => socket.destroy());
    socket.on('error', () => socket.destroy()); // a client that breaks off needs no answer
    socket.once('close', () => {
      fresh.delete(socket);
      busy.delete(socket);
    });
    socket.once('readable', () => {
      const first = socket.read() as Buffer | null;
      if (first === null) return;
      fresh.delete(socket);
      socket.setTimeout(0);
      socket.unshift(first);
      // No method of HTTP/1.1 that is used here begins with the preface's "PR".
      const isPreface = first[0] === 0x50 && first[1] === 0x52;
      if (!isPreface) busy.set(socket, 0);
      (isPreface ? http2 : http1).emit('connection', socket);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();

  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        closing = true;
        server.close(() => resolve());
        for (const socket of fresh) socket.destroy();
        for (const session of sessions) session.close();
        for (const [socket, requests] of busy) if (requests === 0) socket.destroy();
      }),
  };
}
