import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { startConsole, type Console, type QueryResult } from '../../src/local/console-server.ts';
import { findChromium } from './chromium.ts';
import { FakeLakehouse } from './fake-lakehouse.ts';
import { FAKE_PLAN } from './fake-plan.ts';
import { contrastsOf } from './in-page.ts';

const executablePath = findChromium(process.env);
if (executablePath === undefined) {
  console.warn('Skipped: the console in a browser. Install Chromium, or set CHROMIUM to its executable.');
}
const withChromium = executablePath === undefined ? describe.skip : describe;

const HOUR = 3_600_000;
const RESULT: QueryResult = {
  columns: [
    { name: 'carrier', type: 'VARCHAR' },
    { name: 'how_many', type: 'BIGINT' },
  ],
  rows: [
    ['UA <b>bold</b>', '4637'],
    ['B6', null],
  ],
  truncated: false,
};

/** Answers what the chart asks, one statement of the test's, and refuses the rest. */
function answer(sql: string): Promise<QueryResult> {
  const columns = (...names: string[]) => names.map((name) => ({ name, type: 'VARCHAR' }));
  if (sql.includes('AS weight')) {
    return Promise.resolve({
      columns: columns('series', 'weight'),
      rows: [
        ['UA', '9'],
        ['B6', '7'],
      ],
      truncated: false,
    });
  }
  if (sql.includes('AS line_0')) {
    const rows = Array.from({ length: 48 }, (_, i) => [
      new Date(i * HOUR).toISOString().replace('T', ' ').slice(0, 19),
      i,
      48 - i,
    ]);
    return Promise.resolve({ columns: columns('hour', 'line_0', 'line_1'), rows, truncated: false });
  }
  if (sql.startsWith('SELECT carrier')) return Promise.resolve(RESULT);
  return Promise.reject(
    new Error(`Catalog Error: Table with name ${sql.split(' ').at(-1) ?? ''} does not exist!`),
  );
}

withChromium('the console in a browser', () => {
  const quiet = () => undefined;
  let browser: Browser;
  let running: Console;
  let lakehouse: FakeLakehouse;
  let page: Page;
  let troubles: string[];

  beforeAll(async () => {
    // Without a sandbox of its own: tests also run as root inside containers, and the only page is ours.
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
    ];
    browser = await chromium.launch({ executablePath: executablePath!, args });
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    lakehouse = new FakeLakehouse(FAKE_PLAN, Date.now() - 20_000);
    running = await startConsole({
      port: 0,
      state: () => Promise.resolve(lakehouse.state(Date.now())),
      plan: FAKE_PLAN,
      query: answer,
      onAlert: (listener) => lakehouse.onAlert(listener),
      log: { debug: quiet, info: quiet, warn: console.warn, error: console.error },
      assets: path.resolve(import.meta.dirname, '../../console'),
    });
    troubles = [];
  });
  afterEach(async () => {
    await page.close();
    await running.close();
  });

  async function open(options: { colorScheme?: 'dark' | 'light'; width?: number } = {}): Promise<void> {
    const { colorScheme = 'light', width = 1440 } = options;
    page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(running.url)) troubles.push(`asked ${request.url()}`);
    });
    await page.goto(running.url);
    await page.locator('#link[data-state="live"]').waitFor();
    await page.locator('.flow .card').first().waitFor();
    await page.locator('.uplot canvas').waitFor();
  }

  const number = async (selector: string) =>
    Number((await page.locator(selector).innerText()).replaceAll(',', ''));

  async function run(sql: string): Promise<void> {
    await page.getByLabel('SQL', { exact: true }).fill(sql);
    await page.getByLabel('SQL', { exact: true }).press('Control+Enter');
  }

  it('loads without a word in its console and asks nobody else', async () => {
    await open();
    await page.waitForTimeout(1500);
    expect(troubles).toEqual([]);
    expect(await page.title()).toBe('flights · Tidemark');
    expect(await page.locator('.flow .card h3').allInnerTexts()).toEqual(
      expect.arrayContaining(['flight_events', 'flight_activity', 'flights', 'carrier_hour', 'quarantine']),
    );
  });

  it('shows numbers that move', async () => {
    await open();
    const before = await number('#rows');
    await page.waitForTimeout(1500);
    expect(await number('#rows')).toBeGreaterThan(before);
    expect(await page.locator('#rate-spark .line').getAttribute('d')).toMatch(/^M\d+ /);
  });

  it('runs SQL from the keyboard and shows rows as text', async () => {
    await open();
    await run('SELECT carrier, count(*) FROM flights GROUP BY 1;');
    await page.locator('#result tbody tr').first().waitFor();
    expect(await page.locator('#result tbody td').allInnerTexts()).toEqual([
      'UA <b>bold</b>',
      '4637',
      'B6',
      'null',
    ]);
    expect(await page.locator('#result thead small').allInnerTexts()).toEqual(['varchar', 'bigint']);
    expect(await page.locator('#query-note').innerText()).toMatch(/^2 rows · \d+ ms$/);
  });

  it('tells of a wrong statement in place of its result, and goes on', async () => {
    await open();
    await run('SELECT carrier');
    await page.locator('#result').waitFor();
    await run('SELECT * FROM flihgts');
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').innerText()).toContain('flihgts does not exist');
    expect(await page.locator('#result').isVisible()).toBe(false);
    await run('SELECT carrier');
    await page.locator('#result').waitFor();
    expect(await page.getByRole('alert').isVisible()).toBe(false);
  });

  it('shows an alert when it fires, once', async () => {
    await open();
    const { alert, ...fired } = lakehouse.fire(Date.now());
    const item = page.locator('#alerts .alert');
    await item.waitFor({ timeout: 2000 });
    expect(alert).toBe('very_late');
    expect(await item.innerText()).toContain('Very late');
    expect(await item.innerText()).toContain(`delay minutes ${JSON.stringify(fired.row.delay_minutes)}`);
    await page.waitForTimeout(1200);
    expect(await item.count()).toBe(1);
  });

  it('fills the box with a query on the quarantine', async () => {
    await open();
    await page.getByRole('link', { name: 'See why, in SQL' }).click();
    expect(await page.getByLabel('SQL', { exact: true }).inputValue()).toContain(
      'FROM flights_ops.quarantine',
    );
  });

  it('lives on when the lakehouse goes, and says so', async () => {
    await open();
    await running.close();
    await page.locator('#link[data-state="lost"]').waitFor();
  });

  it.each(['dark', 'light'] as const)('is readable in the %s theme', async (colorScheme) => {
    await open({ colorScheme });
    lakehouse.fire(Date.now());
    await run('SELECT carrier');
    await page.locator('#result').waitFor();
    // Past the moment in which a new alert lights up.
    await page.waitForTimeout(2500);
    const found = await page.evaluate<[string, number][]>(contrastsOf('body *'));
    expect(found.length).toBeGreaterThan(80);
    expect(found.filter(([, ratio]) => ratio < 4.5)).toEqual([]);
  });

  it('changes the theme and remembers it', async () => {
    await open({ colorScheme: 'light' });
    const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Use the dark theme' }).click();
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    expect(await ground()).toBe(dark);
  });

  it.each([420, 820, 1440])('has nothing to scroll sideways at %i px', async (width) => {
    await open({ width });
    lakehouse.fire(Date.now());
    await run('SELECT carrier');
    await page.locator('#result').waitFor();
    await page.waitForTimeout(600);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });
});
