/** Records per CPU second of the processor, on full batches, beside what DuckDB alone needs to make the same files. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compileLakehouse } from '../src/engine/compile.ts';
import { Engine } from '../src/engine/session.ts';
import { currentSchema, requireTable } from '../src/iceberg/index.ts';
import { positionOf, type RawBatch } from '../src/ingest/event.ts';
import { Processor } from '../src/ingest/processor.ts';
import { openStores } from '../src/local/stores.ts';
import { deployTables } from '../src/operate/deploy.ts';
import { lakehouse, record } from './records.ts';
import { benchLog, cost, inFolder, options, peakMegabytes, print, quantile } from './support.ts';

const { batch: size, rounds, threads } = options({ batch: 10_000, rounds: 30, threads: 2 });

function batchOf(round: number): RawBatch {
  return {
    stream: 'events',
    shard: 'shardId-000000000000',
    records: Array.from({ length: size }, (_, i) => {
      const sequenceNumber = String(49_600_000_000_000_000_000n + BigInt(round * size + i));
      const data = Buffer.from(record(i));
      return {
        position: positionOf(sequenceNumber),
        sequenceNumber,
        partitionKey: 'k',
        arrivedAt: 1_767_225_600_000,
        data,
      };
    }),
  };
}

await inFolder(async (folder) => {
  const plan = await compileLakehouse(lakehouse);
  const stores = openStores(join(folder, 'data'), true);
  await deployTables(stores.io, plan, stores.warehouse);
  const engine = await Engine.open({ threads, memoryLimit: '768MB', tempDirectory: stores.scratch });
  const staging = {
    store: stores.io.store,
    random: stores.io.random,
    prefix: `${stores.warehouse}_staged/`,
    scratch: stores.scratch,
  };
  const { ledger, hotStore, notifier } = stores;
  const processor = new Processor(plan, 1, 'events', {
    ledger,
    engine,
    hotStore,
    notifier,
    clock: stores.io.clock,
    log: benchLog,
    staging,
    destination: async (name) => ({
      name,
      schema: currentSchema((await requireTable(stores.io, name)).metadata),
    }),
  });
  const idle = peakMegabytes();
  const ours: number[] = [];
  const walls: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const batch = batchOf(round);
    const { cpu, wall } = await cost(() => processor.process(batch));
    ours.push(cpu);
    walls.push(wall);
  }
  const peak = peakMegabytes();
  const bytes = Buffer.byteLength(record(1));

  // The floor: the engine reads the same lines and writes the same columns, unchecked, from a file that is there.
  const lines = join(folder, 'lines.ndjson');
  await mkdir(join(folder, 'plain'), { recursive: true });
  await writeFile(lines, Array.from({ length: size }, (_, i) => record(i)).join('\n'));
  const session = await engine.session();
  const plain: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const target = join(folder, 'plain', `${round}.parquet`);
    const sql = `COPY (SELECT * FROM read_json('${lines}', format = 'newline_delimited')) TO '${target}' (FORMAT parquet, COMPRESSION zstd)`;
    plain.push((await cost(() => session.run(sql))).cpu);
    await rm(target);
  }
  await session.close();
  const rate = (cpus: number[]): number => size / quantile(cpus.slice(3), 0.5);
  print(
    `ingest: ${rounds} batches of ${size} records, ${bytes} bytes each, ${threads} threads`,
    ['', 'records a CPU second', 'batch ms'],
    [
      ['Processor.process', rate(ours), quantile(walls.slice(3), 0.5) * 1000],
      ['DuckDB alone, no checks', rate(plain), ''],
    ],
  );
  console.log(`  peak memory ${Math.round(peak)} MB, of which ${Math.round(idle)} MB before the first batch`);
  await engine.close();
  await stores.close();
});
