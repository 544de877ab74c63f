import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Plan } from '../definition/plan.ts';
import { isKind, TidemarkError } from '../errors.ts';
import type { Alert } from '../ports/effects.ts';
import type { Log } from '../ports/log.ts';
import type { QueryResult as Answer } from '../serve/query.ts';
import { readAsset } from './console-assets.ts';
import { ConsoleFeed } from './console-feed.ts';
import { guard, safeHeaders } from './console-guard.ts';
import type { LakehouseState } from './state.ts';

/** What the page needs of an answer. */
export type QueryResult = Pick<Answer, 'columns' | 'rows' | 'truncated'>;

export interface ConsoleOptions {
  /** 0 takes a free one. */
  port: number;
  /** @default '127.0.0.1' */
  host?: '127.0.0.1' | '::1' | 'localhost';
  state: () => Promise<LakehouseState>;
  plan: Plan;
  /** Runs one statement of an analyst; a wrong one is told by throwing. */
  query: (sql: string) => Promise<QueryResult>;
  /** Subscribes to alerts as they fire; returns the unsubscribe. */
  onAlert: (listener: (alert: Alert) => void) => () => void;
  log: Log;
  /** The folder `console/`. */
  assets: string;
  /** Pause between two states while somebody watches. @default 500 */
  everyMs?: number;
  /** @default 15000 */
  heartbeatMs?: number;
}

export interface Console {
  url: string;
  port: number;
  /** Ends the page's streams and takes no more requests. */
  close(): Promise<void>;
}

const MAX_SQL_BYTES = 256 * 1024;
/** How long a request under way may still take when the console is closed. */
const GRACE_MS = 500;
const SWEEP_MS = 20;

/** What the page shows of an error: a sentence, and what to do where that is known. */
function explain(error: unknown): { message: string; remedy?: string } {
  const message = error instanceof Error ? error.message : String(error);
  return error instanceof TidemarkError && error.remedy !== undefined
    ? { message, remedy: error.remedy }
    : { message };
}

function routes(options: ConsoleOptions, feed: ConsoleFeed): Hono {
  const { state, plan, query, log, assets } = options;
  const app = new Hono();
  app.use(safeHeaders());
  app.use(guard());

  const asset = async (name: string): Promise<Response> => {
    const found = await readAsset(assets, name);
    return found === undefined
      ? Response.json({ message: `There is no ${name}.` }, { status: 404 })
      : new Response(found.bytes, { headers: { 'Content-Type': found.type } });
  };
  app.get('/', () => asset('index.html'));
  app.get('/assets/:name', (c) => asset(c.req.param('name')));
  app.get('/api/state', async (c) => c.json(await state()));
  app.get('/api/plan', (c) => c.json(plan));

  app.get('/api/events', (c) =>
    streamSSE(c, async (stream) => {
      const subscription = feed.subscribe();
      stream.onAbort(() => subscription.close());
      for (;;) {
        const message = await subscription.next();
        if (message === undefined) return;
        await stream.writeSSE(message);
      }
    }),
  );

  const tooLong = bodyLimit({
    maxSize: MAX_SQL_BYTES,
    onError: (c) => c.json({ message: `A statement may have ${MAX_SQL_BYTES} bytes, not more.` }, 413),
  });
  app.post('/api/query', tooLong, async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const sql = typeof body === 'object' && body !== null && 'sql' in body ? body.sql : undefined;
    if (typeof sql !== 'string' || sql.trim() === '') {
      return c.json({ message: 'There is no SQL to run.', remedy: 'Send {"sql": "SELECT …"}.' }, 400);
    }
    const started = performance.now();
    try {
      const { columns, rows, truncated } = await query(sql);
      return c.json({ columns, rows, truncated, elapsedMs: performance.now() - started });
    } catch (error) {
      const ours = isKind(error, 'internal', 'corrupt');
      if (ours) log.error('a query of the console failed', { error });
      return c.json(explain(error), ours ? 500 : 400);
    }
  });

  app.notFound((c) => c.json({ message: `There is nothing at ${c.req.path}.` }, 404));
  app.onError((error, c) => {
    log.error('a request of the console failed', { path: c.req.path, error });
    return c.json(explain(error), 500);
  });
  return app;
}

/** Serves the console: one page on loopback that shows a running lakehouse live. */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const { host = '127.0.0.1', state, onAlert, log, everyMs = 500, heartbeatMs = 15_000 } = options;
  const feed = new ConsoleFeed({ state, onAlert, log, everyMs, heartbeatMs });
  const app = routes(options, feed);
  // Without `createServer` in the options it is a plain HTTP server.
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    close: () => (closing ??= closeServer(server, feed)),
  };
}

async function closeServer(server: Server, feed: ConsoleFeed): Promise<void> {
  feed.close();
  const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  // A connection whose answer has just ended is kept alive by the browser, and would hold the server.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  clearTimeout(cut);
  clearInterval(sweep);
}
