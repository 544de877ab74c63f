import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { systemClock } from '../adapters/local/system.ts';
import { commitPending } from '../commit/committer.ts';
import type { Plan } from '../definition/plan.ts';
import { realtimeTable, quarantineTable } from '../definition/tables.ts';
import { loadReference } from '../engine/references.ts';
import { Engine } from '../engine/session.ts';
import { createIngestHandler } from '../ingest/handler.ts';
import { deployTables } from '../operate/deploy.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import type { Log } from '../ports/log.ts';
import { LocalCheckpoints } from './checkpoints.ts';
import { quarantinedRows, tableStates } from './collect-state.ts';
import { CommitLoop } from './commit-loop.ts';
import { Counters } from './counters.ts';
import { recordDeployment } from './deployment.ts';
import { EVENT_SOURCE_DEFAULTS, EventSource } from './event-source.ts';
import { IntegrateLoop } from './integrate-loop.ts';
import { KinesisStore } from './kinesis/store.ts';
import { startKinesisServer, type KinesisServer } from './kinesis/server.ts';
import { LocalUnreferencedLog, MaintainLoop } from './maintain-loop.ts';
import { Metrics } from './metrics.ts';
import { processorFor } from './processor.ts';
import { localKinesisClient } from './producer.ts';
import { Replay } from './replay.ts';
import type { ReplaySource } from './replay-source.ts';
import type { LakehouseState } from './state.ts';
import { clearScratch, openStores, type LocalStores } from './stores.ts';

export interface RuntimeSettings {
  /** The data folder. */
  folder: string;
  plan: Plan;
  /** Folder that relative paths of references and replays start from. */
  base: string;
  /** Port of the Kinesis endpoint; 0 takes a free one. */
  port: number;
  log: Log;
  replays: ReplaySource[];
  /** Event-time seconds per second; Infinity for as fast as possible. */
  speed: number;
  /** Pause between integration runs, milliseconds. */
  integrateEveryMs: number;
  batchingWindowMs: number;
  threads: number;
}

/** What DuckDB may take before operators spill to the disk. */
const ENGINE_MEMORY = '768MB';
const FLUSH_MS = 1_000;
/** Rows that one merge takes at most: bounds memory after a backlog. */
const MERGE_ROWS = 250_000;
const CATCH_UP_POLL_MS = 50;
const FAILED_PAUSE_MS = 1_000;

/** A whole lakehouse in one process, over one data folder. */
export class Runtime {
  readonly stores: LocalStores;
  readonly endpoint: string;
  readonly #settings: RuntimeSettings;
  readonly #kinesis: KinesisStore;
  readonly #server: KinesisServer;
  readonly #engine: Engine;
  readonly #client: KinesisClient;
  readonly #metrics: Metrics;
  readonly #counters: Counters;
  readonly #sources = new Map<string, EventSource>();
  readonly #commits = new Map<string, CommitLoop>();
  readonly #integrate: IntegrateLoop;
  readonly #replays: Replay[];
  readonly #startedAt: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  #replaying: Promise<void> = Promise.resolve();

  private constructor(
    settings: RuntimeSettings,
    stores: LocalStores,
    kinesis: KinesisStore,
    server: KinesisServer,
    engine: Engine,
    planVersion: number,
  ) {
    this.#settings = settings;
    this.stores = stores;
    this.#kinesis = kinesis;
    this.#server = server;
    this.#engine = engine;
    this.endpoint = server.url;
    this.#client = localKinesisClient(server.url);
    this.#metrics = new Metrics(stores.database);
    this.#counters = new Counters(stores.database, stores.io.clock);
    this.#startedAt = stores.io.clock.now();
    this.#replays = settings.replays.map(
      (r) => new Replay(r, join(settings.base, r.file), this.#client, stores.io.clock, stores.database),
    );
    this.#integrate = new IntegrateLoop(
      {
        plan: settings.plan,
        io: stores.io,
        engine,
        scratch: stores.scratch,
        log: settings.log,
        maxRows: MERGE_ROWS,
      },
      this.#metrics,
      settings.integrateEveryMs,
    );
    this.#buildSources(planVersion);
    this.#buildCommits();
  }

  /**
   * Opens the folder, makes what the plan wants, and starts everything but the replays.
   * @throws TidemarkError kind `refused` when another process runs the folder or it holds another lakehouse
   */
  static async start(settings: RuntimeSettings): Promise<Runtime> {
    const opened: (() => Promise<void>)[] = [];
    try {
      return await Runtime.#open(settings, opened);
    } catch (error) {
      // Nothing may stay open or locked: the process must be able to end, and the next start to begin.
      for (const close of opened.reverse()) await close();
      throw error;
    }
  }

  static async #open(settings: RuntimeSettings, opened: (() => Promise<void>)[]): Promise<Runtime> {
    const { folder, plan, log } = settings;
    await mkdir(folder, { recursive: true });
    // The stream's lock is the folder's: whoever has it runs the lakehouse.
    const kinesis = await KinesisStore.open({ dir: join(folder, 'kinesis'), clock: systemClock });
    opened.push(() => kinesis.close());
    const stores = openStores(folder, true);
    opened.push(() => stores.close());
    // What was being written when the last process ended was named by nothing yet.
    await clearScratch(stores);
    await deployTables(stores.io, plan, stores.warehouse);
    const deployment = await recordDeployment(stores.database, plan, settings.base);
    const known = new Set(await kinesis.streamNames());
    for (const s of plan.streams)
      if (!known.has(s.name))
        await kinesis.createStream(s.name, { shardCount: s.shards, retentionHours: s.retentionHours });
    const engine = await Engine.open({
      threads: settings.threads,
      memoryLimit: ENGINE_MEMORY,
      joinsAsWritten: true,
      tempDirectory: stores.scratch,
    });
    opened.push(() => engine.close());
    const session = await engine.session();
    for (const reference of plan.references)
      await loadReference(session, reference, join(settings.base, reference.source));
    await session.close();
    const server = await startKinesisServer({ store: kinesis, port: settings.port, log });
    const runtime = new Runtime(settings, stores, kinesis, server, engine, deployment.version);
    opened.splice(0, opened.length, () => runtime.close());
    await runtime.#run();
    return runtime;
  }

  /** Notes where this runtime can be reached, for the commands that use it. */
  async announce(console?: string): Promise<void> {
    const about = { pid: process.pid, endpoint: this.endpoint, startedAt: this.#startedAt, console };
    await writeFile(join(this.stores.folder, 'runtime.json'), JSON.stringify(about));
  }

  /** Starts the replays; resolves when all are in the stream. */
  replay(): Promise<void> {
    this.#replaying = this.#replayAll();
    return this.#replaying;
  }

  /** Resolves when everything put so far is committed and integrated. */
  async settle(): Promise<void> {
    const { clock } = this.stores.io;
    const idle = (): boolean => [...this.#sources.values()].every((s) => s.idle);
    for (;;) {
      // A sleep of an aborted signal ends at once: without the second look this would spin for ever.
      while (!idle() && !this.#stop.signal.aborted) await clock.sleep(CATCH_UP_POLL_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      for (const loop of this.#commits.values()) await loop.flush();
      const results = await this.#integrate.fresh();
      if (idle() && results.every((r) => r.outcome === 'idle')) return;
      if (results.some((r) => r.outcome === 'failed')) await clock.sleep(FAILED_PAUSE_MS, this.#stop.signal);
    }
  }

  async state(): Promise<LakehouseState> {
    const { plan } = this.#settings;
    const tables = await tableStates(this.stores.io, this.#metrics, plan);
    const streams = await Promise.all(
      plan.streams.map(async (s) => ({
        name: s.name,
        shards: (await this.#kinesis.shards(s.name)).filter((shard) => !shard.closed).length,
        records: this.#counters.total(s.name),
        perSecond: this.#counters.perSecond(s.name),
        lagMs: this.#sources.get(s.name)!.lagMs,
      })),
    );
    return {
      lakehouse: plan.name,
      now: this.stores.io.clock.now(),
      startedAt: this.#startedAt,
      endpoint: this.endpoint,
      streams,
      replays: this.#replays.map((r) => r.state),
      tables,
      alerts: { total: this.stores.notifier.count(), recent: this.stores.notifier.recent(50) },
      quarantined: quarantinedRows(plan, tables),
    };
  }

  /** Ends what runs, in the order that loses no work, and lets go of the folder. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#replaying.catch(() => undefined); // whoever started it was told
    await Promise.all(this.#running);
    await this.#flushMetrics();
    await rm(join(this.stores.folder, 'runtime.json'), { force: true });
    this.#client.destroy();
    await this.#server.close();
    await this.#engine.close();
    await this.stores.close();
    await this.#kinesis.close();
  }

  #buildSources(planVersion: number): void {
    const { plan, log, batchingWindowMs } = this.#settings;
    const { io, database, folder } = this.stores;
    for (const stream of plan.streams) {
      const processor = processorFor(this.stores, plan, planVersion, stream.name, this.#engine, log);
      const handler = createIngestHandler(processor, (result) =>
        this.#counters.add(stream.name, result.received),
      );
      const source = new EventSource(
        stream.name,
        { ...EVENT_SOURCE_DEFAULTS, batchingWindowMs },
        {
          stream: this.#kinesis,
          checkpoints: new LocalCheckpoints(database),
          invoke: handler,
          onFailure: async (event) => {
            const line = `${JSON.stringify(event)}\n`;
            await appendFile(join(folder, `failed-${stream.name}.ndjson`), line);
          },
          clock: io.clock,
          log,
        },
      );
      this.#sources.set(stream.name, source);
    }
    this.#kinesis.onPut((stream, shard) => this.#sources.get(stream)?.wake(shard));
  }

  #buildCommits(): void {
    const { plan, log } = this.#settings;
    const { io, ledger } = this.stores;
    const names: TableName[] = [
      ...plan.realtime.map((t) => realtimeTable(plan, t.name)),
      quarantineTable(plan),
    ];
    for (const name of names) {
      const loop = new CommitLoop(name, { io, ledger, log }, (c) =>
        this.#metrics.committed(c, io.clock.now()),
      );
      this.#commits.set(tableKey(name), loop);
    }
    ledger.onClaim((tables) => {
      for (const table of tables) this.#commits.get(tableKey(table))?.wake();
    });
  }

  #maintenance(): MaintainLoop {
    const { io, ledger, scratch, database, warehouse } = this.stores;
    const ports = { io, ledger, scratch, engine: this.#engine, log: new LocalUnreferencedLog(database) };
    return new MaintainLoop(this.#settings.plan, ports, warehouse, this.#settings.log);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    // What the last process claimed comes first, so that the tables are whole before anything new.
    for (const name of this.#settings.plan.realtime.map((t) => realtimeTable(this.#settings.plan, t.name)))
      await commitPending({ io: this.stores.io, ledger: this.stores.ledger, log: this.#settings.log }, name);
    for (const loop of this.#commits.values()) this.#running.push(loop.run(signal));
    for (const source of this.#sources.values()) this.#running.push(source.run(signal));
    this.#running.push(this.#integrate.run(signal), this.#maintenance().run(signal), this.#flushLoop(signal));
    await this.announce();
  }

  async #replayAll(): Promise<void> {
    const { clock } = this.stores.io;
    const next = (await Promise.all(this.#replays.map((r) => r.prepare()))).filter((t) => t !== undefined);
    const pace = { speed: this.#settings.speed, from: Math.min(...next), startedAt: clock.now() };
    await Promise.all(this.#replays.map((r) => r.run(pace, this.#stop.signal)));
  }

  async #flushLoop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.stores.io.clock.sleep(FLUSH_MS, signal);
      try {
        await this.#flushMetrics();
      } catch (error) {
        this.#settings.log.warn('measurements could not be kept; trying again', { error });
      }
    }
  }

  async #flushMetrics(): Promise<void> {
    await Promise.all([this.#metrics.flush(), this.#counters.flush()]);
  }
}
