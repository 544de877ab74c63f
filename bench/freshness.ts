/** From a put's acknowledgement to the commit, and to a query's answer, at a steady rate of records through the SDK. */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { compileLakehouse } from '../src/engine/compile.ts';
import { localKinesisClient } from '../src/local/producer.ts';
import { openQuery } from '../src/local/query.ts';
import { Runtime } from '../src/local/runtime.ts';
import { lakehouse, record } from './records.ts';
import { benchLog, inFolder, options, peakMegabytes, print, quantile } from './support.ts';

const { rate, seconds, window } = options({ rate: 1_000, seconds: 30, window: 100 });
const PUTS_A_SECOND = 20;

await inFolder(async (folder) => {
  const plan = await compileLakehouse(lakehouse);
  const settings = {
    integrateEveryMs: 2_000,
    batchingWindowMs: window,
    threads: 2,
    speed: 1,
    port: 0,
    replays: [],
  };
  const runtime = await Runtime.start({
    ...settings,
    folder: join(folder, 'data'),
    plan,
    base: folder,
    log: benchLog,
  });
  const client = localKinesisClient(runtime.endpoint);
  const query = openQuery(runtime.stores, plan);
  const acknowledged: { last: number; at: number }[] = [];
  let done = false;
  let count = 0;
  const cpuBefore = process.cpuUsage();
  const produce = async (): Promise<void> => {
    const began = performance.now();
    for (let tick = 0; tick < seconds * PUTS_A_SECOND; tick++) {
      const due = began + (tick * 1000) / PUTS_A_SECOND;
      await wait(Math.max(0, due - performance.now()));
      const Records = Array.from({ length: rate / PUTS_A_SECOND }, () => ({
        PartitionKey: 'k',
        Data: Buffer.from(record(count++)),
      }));
      await client.send(new PutRecordsCommand({ StreamName: 'events', Records }));
      acknowledged.push({ last: count, at: performance.now() });
    }
    done = true;
  };
  // A reader that asks without pause: a put is visible when an answer counts it.
  const visible: number[] = [];
  const asked: number[] = [];
  const watch = async (): Promise<void> => {
    let next = 0;
    const end = (): number => seconds * PUTS_A_SECOND;
    while (next < end()) {
      const began = performance.now();
      const { rows } = await query.query('SELECT count(*) FROM bench_realtime.activity');
      const now = performance.now();
      asked.push(now - began);
      const seen = Number(rows[0]?.[0]);
      while (next < acknowledged.length && acknowledged[next]!.last <= seen)
        visible.push(Math.max(0, now - acknowledged[next++]!.at));
      await wait(done ? 5 : 10);
    }
  };
  await Promise.all([produce(), watch()]);
  const used = process.cpuUsage(cpuBefore);
  await runtime.settle();
  const state = await runtime.state();
  const fresh = state.tables.find((t) => t.table === 'activity')!.freshness!;
  print(
    `freshness at ${rate} records a second for ${seconds} s, window ${window} ms`,
    ['milliseconds', 'p50', 'p99'],
    [
      ['arrival to commit', fresh.p50, fresh.p99],
      ['acknowledged put to a query that shows it', quantile(visible, 0.5), quantile(visible, 0.99)],
      ['of which the query itself', quantile(asked, 0.5), quantile(asked, 0.99)],
    ],
  );
  console.log(
    `  CPU ${((used.user + used.system) / 1e6 / seconds).toFixed(2)} cores, peak memory ${Math.round(peakMegabytes())} MB, producer and reader included`,
  );
  client.destroy();
  await query.close();
  await runtime.close();
});
