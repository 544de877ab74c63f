import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { writeFile } from 'node:fs/promises';
import { compileLakehouse } from '../src/engine/compile.ts';
import { startConsole, type Console } from '../src/local/console-server.ts';
import { openQuery } from '../src/local/query.ts';
import { Runtime } from '../src/local/runtime.ts';
import { loadDefinition } from './load-definition.ts';
import { terminalLog, type Level } from './log.ts';
import { duration, number } from './render.ts';
import { renderSummary } from './summary.ts';

export interface DevOptions {
  definition: string;
  data: string;
  speed: number;
  port: number;
  consolePort: number;
  exitWhenIdle: boolean;
  replay: boolean;
  log: Level;
}

/** Static files of the console, beside the bundled program. */
const ASSETS = fileURLToPath(new URL('../console', import.meta.url));

function report(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Shows how far the replays are, on one line of a terminal, until stopped. */
function showProgress(runtime: Runtime): () => void {
  const began = performance.now();
  const draw = async (): Promise<void> => {
    const { replays, streams, tables } = await runtime.state();
    const done = replays.reduce((n, r) => n + r.done, 0);
    const total = replays.reduce((n, r) => n + r.total, 0);
    const rate = streams.reduce((n, s) => n + s.perSecond, 0);
    const rows = tables.filter((t) => t.layer === 'realtime').reduce((n, t) => n + t.rows, 0);
    const at =
      replays
        .find((r) => r.at !== undefined)
        ?.at?.slice(0, 16)
        .replace('T', ' ') ?? '';
    const elapsed = duration(performance.now() - began);
    const put = total > 0 ? `${at}  ${number(done)} of ${number(total)} events put, ` : '';
    const line = `${put}${number(rows)} real-time rows, ${number(rate)}/s, ${elapsed}`;
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${line}`);
    else report(line);
  };
  const every = process.stdout.isTTY ? 500 : 5_000;
  const timer = setInterval(() => {
    draw().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  }, every);
  return () => {
    clearInterval(timer);
    if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  };
}

/** A pace for people. */
function paceText(speed: number): string {
  if (speed === Infinity) return 'as fast as the machine can';
  return `${number(speed)} seconds of event time each second; --speed max for all at once`;
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

/** Runs a whole lakehouse on this machine until it is interrupted or, where asked for, until all is replayed. */
export async function dev(options: DevOptions): Promise<void> {
  const began = performance.now();
  const { lakehouse, replays, base } = await loadDefinition(options.definition);
  const plan = await compileLakehouse(lakehouse);
  const log = terminalLog(options.log);
  const runtime = await Runtime.start({
    folder: options.data,
    plan,
    base,
    port: options.port,
    log,
    replays: options.replay ? replays : [],
    speed: options.speed,
    integrateEveryMs: 2_000,
    batchingWindowMs: 100,
    threads: Math.max(2, availableParallelism()),
  });
  let web: Console | undefined;
  try {
    const query = openQuery(runtime.stores, plan);
    try {
      web = await startConsole({
        port: options.consolePort,
        state: () => runtime.state(),
        plan,
        query: (sql) => query.query(sql, { maxRows: 2_000 }),
        onAlert: (listener) => runtime.stores.notifier.onAlert(listener),
        log,
        assets: ASSETS,
      });
      await runtime.announce(web.url);
      report(`Tidemark runs the lakehouse "${plan.name}" in ${options.data}`);
      report(`  console   ${web.url}`);
      report(`  Kinesis   ${runtime.endpoint}`);
      report(
        `  query     npx tidemark query "SELECT * FROM ${plan.silver.at(-1)?.name ?? plan.realtime[0]?.name ?? ''} LIMIT 5"`,
      );
      report(`  tables    ${join(options.data, 'warehouse')}`);
      if (options.replay && replays.length > 0) report(`  replay    ${paceText(options.speed)}`);
      const stop = interrupted();
      const hide = showProgress(runtime);
      try {
        const replayed = runtime.replay();
        if (options.exitWhenIdle) await Promise.race([replayed.then(() => runtime.settle()), stop]);
        else await Promise.race([replayed.then(() => stop), stop]);
      } finally {
        hide();
      }
      const state = await runtime.state();
      report(renderSummary(state, performance.now() - began));
      await writeFile(join(options.data, 'summary.json'), JSON.stringify(state, null, 2));
    } finally {
      await web?.close();
      await query.close();
    }
  } finally {
    await runtime.close();
  }
}
