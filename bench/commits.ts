/** What one commit costs at the start and after many: milliseconds, CPU, bytes and requests. */
import { join } from 'node:path';
import { commitPending } from '../src/commit/committer.ts';
import { realtimeTable } from '../src/definition/tables.ts';
import { compileLakehouse } from '../src/engine/compile.ts';
import { openStores } from '../src/local/stores.ts';
import { deployTables } from '../src/operate/deploy.ts';
import { FileObjectStore } from '../src/adapters/local/file-object-store.ts';
import { ManifestCache } from '../src/iceberg/index.ts';
import type { Intent } from '../src/ports/ledger.ts';
import type { ObjectStore } from '../src/ports/object-store.ts';
import { lakehouse } from './records.ts';
import { benchLog, cost, inFolder, options, print } from './support.ts';

const { commits, sample } = options({ commits: 2_000, sample: 100 });

/** Counts what goes through an object store. */
class CountingStore implements ObjectStore {
  puts = 0;
  gets = 0;
  bytes = 0;
  readonly #inner: ObjectStore;
  constructor(inner: ObjectStore) {
    this.#inner = inner;
  }
  put(uri: string, data: Uint8Array): Promise<void> {
    this.puts++;
    this.bytes += data.length;
    return this.#inner.put(uri, data);
  }
  putFile(uri: string, path: string): Promise<void> {
    this.puts++;
    return this.#inner.putFile(uri, path);
  }
  get(uri: string): Promise<Uint8Array> {
    this.gets++;
    return this.#inner.get(uri);
  }
  head(uri: string): Promise<{ size: number } | undefined> {
    this.gets++;
    return this.#inner.head(uri);
  }
  list(prefix: string): AsyncIterable<{ uri: string; size: number; modifiedAt: number }> {
    return this.#inner.list(prefix);
  }
  delete(uri: string): Promise<void> {
    return this.#inner.delete(uri);
  }
  readable(uri: string): Promise<string> {
    return this.#inner.readable(uri);
  }
}

await inFolder(async (folder) => {
  const plan = await compileLakehouse(lakehouse);
  const stores = openStores(join(folder, 'data'), true);
  await deployTables(stores.io, plan, stores.warehouse);
  // Without waiting for the disk: its speed is not what is measured. Time moves as if a commit came each second.
  const store = new CountingStore(new FileObjectStore({ staging: stores.scratch, fsync: false }));
  let now = Date.now();
  const clock = { ...stores.io.clock, now: () => now };
  const ports = {
    io: { ...stores.io, store, clock, cache: new ManifestCache() },
    ledger: stores.ledger,
    log: benchLog,
  };
  const table = realtimeTable(plan, 'activity');
  const at = (n: number): string => String(n).padStart(56, '0');
  const rows: (string | number)[][] = [];
  for (let from = 0; from < commits; from += sample) {
    const count = Math.min(sample, commits - from);
    for (let i = from; i < from + count; i++) {
      const where = {
        stream: 'events',
        shard: 'shardId-000000000000',
        after: at(i),
        first: at(i + 1),
        last: at(i + 1),
      };
      const file = {
        uri: `${stores.warehouse}_staged/${i}.parquet`,
        schemaId: 0,
        recordCount: 100,
        fileSizeBytes: 20_000,
        columnSizes: {},
        valueCounts: Object.fromEntries(Array.from({ length: 17 }, (_, c) => [c + 1, 100])),
        nullCounts: Object.fromEntries(Array.from({ length: 17 }, (_, c) => [c + 1, 0])),
        nanCounts: {},
        lowerBounds: { 1: Buffer.from(at(i)).toString('base64') },
        upperBounds: { 1: Buffer.from(at(i + 1)).toString('base64') },
        splitOffsets: [4],
      };
      const counts = { received: 100, written: 100, filtered: 0, quarantined: 0 };
      const times = { arrivedFrom: now, arrivedTo: now, claimedAt: now };
      const common = { ...where, claimId: `c${i}`, planVersion: 1 };
      const intents: Intent[] = [{ ...common, ...times, table, counts, file }];
      await stores.ledger.claim({ ...common, intents });
    }
    const before = { puts: store.puts, gets: store.gets, bytes: store.bytes };
    // One commit an intent: the committer takes all that are pending, so each is made to see one more.
    const { wall, cpu } = await cost(async () => {
      for (let i = 0; i < count; i++) {
        now += 1000;
        const limit = from + i + 1;
        const ledger = Object.assign(Object.create(stores.ledger) as typeof stores.ledger, {
          intentShards: stores.ledger.intentShards.bind(stores.ledger),
          intents: async (...args: Parameters<typeof stores.ledger.intents>) =>
            (await stores.ledger.intents(args[0], args[1], args[2], 1)).filter((x) => x.last <= at(limit)),
        });
        const done = await commitPending({ ...ports, ledger }, table);
        if (!done) throw new Error('nothing was committed');
      }
    });
    const per = (n: number): number => n / count;
    const row = [
      String(from + count),
      per(wall * 1000),
      per(cpu * 1000),
      per(store.bytes - before.bytes),
      per(store.puts - before.puts),
      per(store.gets - before.gets),
    ];
    const last = from + sample >= commits;
    if (from === 0 || last || (from / sample) % Math.max(1, Math.floor(commits / sample / 5)) === 0)
      rows.push(row);
  }
  print(
    'one commit, by how many the table has',
    ['commits', 'ms', 'CPU ms', 'bytes put', 'puts', 'gets'],
    rows,
  );
  await stores.close();
});
