import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { request, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { TidemarkError } from '../../src/errors.ts';
import { startConsole, type Console, type QueryResult } from '../../src/local/console-server.ts';
import type { LakehouseState } from '../../src/local/state.ts';
import type { Log } from '../../src/ports/log.ts';
import { FakeLakehouse } from '../console/fake-lakehouse.ts';
import { FAKE_PLAN } from '../console/fake-plan.ts';

const assets = path.resolve(import.meta.dirname, '../../console');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** A request with any header: `fetch` does not let one set `Host`. */
function send(
  at: { port: number },
  target: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: at.port, path: target, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

/** An open event stream, collected. */
class Watcher {
  readonly events: { event: string; data: string }[] = [];
  ended = false;
  readonly #abort = new AbortController();

  constructor(url: string) {
    void this.#read(url);
  }

  leave(): void {
    this.#abort.abort();
  }

  count(event: string): number {
    return this.events.filter((e) => e.event === event).length;
  }

  async until(event: string, times = 1): Promise<string> {
    for (let i = 0; i < 500 && this.count(event) < times; i++) await pause(10);
    const found = this.events.filter((e) => e.event === event)[times - 1];
    if (found === undefined) throw new Error(`no ${event} number ${times} came`);
    return found.data;
  }

  async #read(url: string): Promise<void> {
    try {
      const response = await fetch(`${url}/api/events`, { signal: this.#abort.signal });
      let text = '';
      for await (const chunk of response.body!) {
        text += Buffer.from(chunk as Uint8Array).toString();
        const parts = text.split('\n\n');
        text = parts.pop() ?? '';
        for (const part of parts) {
          const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? '';
          this.events.push({ event: field('event'), data: field('data') });
        }
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
    this.ended = true;
  }
}

describe('the console', () => {
  let lakehouse: FakeLakehouse;
  let running: Console;
  let query: (sql: string) => Promise<QueryResult>;
  let state: () => Promise<LakehouseState>;
  let warnings: string[];
  const post = (sql: unknown, headers: Record<string, string> = {}) =>
    send(running, '/api/query', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ sql }),
    });

  beforeEach(async () => {
    lakehouse = new FakeLakehouse(FAKE_PLAN, Date.now());
    warnings = [];
    state = () => Promise.resolve(lakehouse.state(Date.now()));
    query = (sql) =>
      Promise.resolve({ columns: [{ name: 'sql', type: 'VARCHAR' }], rows: [[sql]], truncated: false });
    const warn: Log['warn'] = (message) => void warnings.push(message);
    running = await startConsole({
      port: 0,
      state: () => state(),
      plan: FAKE_PLAN,
      query: (sql) => query(sql),
      onAlert: (listener) => lakehouse.onAlert(listener),
      log: { debug: warn, info: warn, warn, error: warn },
      assets,
      everyMs: 20,
      heartbeatMs: 60,
    });
  });
  afterEach(() => running.close());

  describe('serves', () => {
    it('the page, under a policy that allows nothing inline and nothing from elsewhere', async () => {
      const page = await send(running, '/');
      expect(page.status).toBe(200);
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      expect(page.headers['content-security-policy']).toMatch(/^default-src 'self';/);
      expect(page.headers['content-security-policy']).not.toMatch(/unsafe/);
      expect(page.text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|https?:\/\//);
    });

    it.each([
      ['style.css', 'text/css'],
      ['main.js', 'text/javascript'],
      ['icon.svg', 'image/svg+xml'],
      ['uPlot.esm.js', 'text/javascript'],
      ['uPlot.min.css', 'text/css'],
    ])('its file %s', async (name, type) => {
      const file = await send(running, `/assets/${name}`);
      expect([file.status, file.headers['content-type']?.split(';')[0]]).toEqual([200, type]);
      expect(file.text.length).toBeGreaterThan(50);
    });

    it('every file that the page and its modules name', async () => {
      const waiting = ['index.html'];
      const seen = new Set(waiting);
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        const file = await send(running, `/assets/${name}`);
        expect([name, file.status]).toEqual([name, 200]);
        for (const [, found] of file.text.matchAll(/(?:"\/assets\/|from '\.\/)([\w.-]+)["']/g)) {
          if (!seen.has(found!)) waiting.push(found!);
          seen.add(found!);
        }
      }
      expect(seen.size).toBeGreaterThan(15);
    });

    it.each([
      '/assets/..%2fpackage.json',
      '/assets/%2e%2e%2fpackage.json',
      '/assets/.env',
      '/assets/none.js',
      '/none',
    ])('nothing at %s', async (target) => {
      expect((await send(running, target)).status).toBe(404);
    });

    it('state and plan', async () => {
      const shown = JSON.parse((await send(running, '/api/state')).text) as LakehouseState;
      expect(shown.lakehouse).toBe('flights');
      expect(JSON.parse((await send(running, '/api/plan')).text)).toEqual(FAKE_PLAN);
    });
  });

  describe('keeps to this machine', () => {
    it.each([
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example:80',
      'user@localhost',
      '192.168.1.5',
    ])('a request for the host %s is refused', async (host) => {
      for (const target of ['/', '/api/state', '/assets/main.js'])
        expect([400, 403]).toContain((await send(running, target, { headers: { host } })).status);
      expect(lakehouse.computed).toBe(0);
    });

    it.each(['localhost:1', 'LOCALHOST', '127.0.0.1', '[::1]:8080'])(
      'the host %s is served',
      async (host) => {
        expect((await send(running, '/', { headers: { host } })).status).toBe(200);
      },
    );

    it.each(['http://evil.example', 'http://localhost:1', 'null'])(
      'a statement from the origin %s is refused',
      async (origin) => {
        expect((await post('SELECT 1', { origin })).status).toBe(403);
      },
    );

    it('a page of another site can not even make the state be computed', async () => {
      const headers = { 'sec-fetch-site': 'cross-site' };
      expect((await send(running, '/api/state', { headers })).status).toBe(403);
      expect((await send(running, '/api/events', { headers })).status).toBe(403);
      expect(lakehouse.computed).toBe(0);
    });

    it('its own page may ask', async () => {
      expect((await post('SELECT 1', { origin: running.url, 'sec-fetch-site': 'same-origin' })).status).toBe(
        200,
      );
    });
  });

  describe('runs SQL', () => {
    it('and answers columns, rows and time', async () => {
      const answer = JSON.parse((await post('SELECT 1')).text) as QueryResult & { elapsedMs: number };
      expect(answer).toMatchObject({
        columns: [{ name: 'sql', type: 'VARCHAR' }],
        rows: [['SELECT 1']],
        truncated: false,
      });
      expect(answer.elapsedMs).toBeGreaterThanOrEqual(0);
    });

    it('a wrong statement is 400, with the remedy where one is known', async () => {
      query = () =>
        Promise.reject(new TidemarkError('invalid', 'no table flihgts', { remedy: 'Did you mean flights?' }));
      const known = await post('SELECT 1');
      expect([known.status, JSON.parse(known.text)]).toEqual([
        400,
        { message: 'no table flihgts', remedy: 'Did you mean flights?' },
      ]);
      query = () => Promise.reject(new Error('Parser Error: syntax error at or near "SELEC"'));
      const unknown = await post('SELEC 1');
      expect([unknown.status, JSON.parse(unknown.text)]).toEqual([
        400,
        { message: 'Parser Error: syntax error at or near "SELEC"' },
      ]);
    });

    it('a fault of ours is 500 and in the log', async () => {
      query = () => Promise.reject(new TidemarkError('corrupt', 'the table contradicts itself'));
      expect((await post('SELECT 1')).status).toBe(500);
      expect(warnings).toEqual(['a query of the console failed']);
    });

    it.each([undefined, '', '  ', 7, null])('%p is no statement', async (sql) => {
      expect((await post(sql)).status).toBe(400);
    });

    it('what is not JSON, or too long, is refused', async () => {
      expect((await send(running, '/api/query', { method: 'POST', body: '{' })).status).toBe(400);
      expect((await post('x'.repeat(300_000))).status).toBe(413);
    });
  });

  describe('tells its watchers', () => {
    it('the state again and again, and alerts at once', async () => {
      const watcher = new Watcher(running.url);
      const first = JSON.parse(await watcher.until('state')) as LakehouseState;
      const third = JSON.parse(await watcher.until('state', 3)) as LakehouseState;
      expect(third.now).toBeGreaterThan(first.now);
      const fired = lakehouse.fire(Date.now());
      expect(JSON.parse(await watcher.until('alert'))).toEqual(fired);
      watcher.leave();
    });

    it('one state for all of them', async () => {
      const watchers = [1, 2, 3, 4].map(() => new Watcher(running.url));
      await Promise.all(watchers.map((w) => w.until('state', 10)));
      const told = Math.max(...watchers.map((w) => w.count('state')));
      expect(lakehouse.computed).toBeLessThanOrEqual(told + 2);
      for (const w of watchers) w.leave();
    });

    it('nothing is computed while nobody watches', async () => {
      await pause(80);
      expect([lakehouse.computed, lakehouse.listeners]).toEqual([0, 0]);
      const watcher = new Watcher(running.url);
      await watcher.until('state', 2);
      expect(lakehouse.listeners).toBe(1);
      watcher.leave();
      for (let i = 0; i < 200 && lakehouse.listeners > 0; i++) await pause(10);
      const computed = lakehouse.computed;
      await pause(120);
      expect([lakehouse.computed, lakehouse.listeners]).toEqual([computed, 0]);
      const next = new Watcher(running.url);
      await next.until('state', 2);
      expect(lakehouse.computed).toBeGreaterThan(computed);
      next.leave();
    });

    it('that it lives, even while the state can not be computed', async () => {
      let broken = true;
      const works = state;
      state = () => (broken ? Promise.reject(new Error('the store is away')) : works());
      const watcher = new Watcher(running.url);
      await watcher.until('heartbeat', 2);
      expect(watcher.count('state')).toBe(0);
      expect(warnings[0]).toBe('the state for the console could not be computed');
      broken = false;
      await watcher.until('state');
      watcher.leave();
    });
  });

  describe('closes', () => {
    it('with watchers connected, and soon', async () => {
      const watcher = new Watcher(running.url);
      await watcher.until('state');
      const started = Date.now();
      await Promise.all([running.close(), running.close()]);
      expect(Date.now() - started).toBeLessThan(2000);
      for (let i = 0; i < 100 && !watcher.ended; i++) await pause(10);
      expect([watcher.ended, lakehouse.listeners]).toEqual([true, 0]);
      await expect(send(running, '/')).rejects.toThrow();
    });

    it('with a statement that never ends', async () => {
      query = () => new Promise(() => undefined);
      const asked = post('SELECT 1').then(
        () => 'answered',
        () => 'cut',
      );
      await pause(50);
      await running.close();
      expect(await asked).toBe('cut');
    });
  });
});
