import type { Positions } from '../../src/commit/mark.ts';
import { tablesOf } from '../../src/definition/tables.ts';
import type { Plan } from '../../src/definition/plan.ts';
import type { LakehouseState, TableState } from '../../src/local/state.ts';
import type { Alert } from '../../src/ports/effects.ts';

const TOTAL = 83_000;
const PLACES = ['LAX', 'SFO', 'MIA', 'ORD', 'BOS', 'ATL'];
const CARRIERS: [string, string][] = [
  ['UA', 'United Air Lines Inc.'],
  ['B6', 'JetBlue Airways'],
  ['DL', 'Delta Air Lines Inc.'],
  ['EV', 'ExpressJet Airlines Inc.'],
];

/** Steady pseudo-random numbers in 0..1: a fake that looks alive and is the same each time. */
function wobble(x: number): number {
  return (Math.sin(x * 12.9898) * 43758.5453) % 1 ** 2;
}
const part = (x: number) => Math.abs(wobble(x));

function position(shard: number, at: number): string {
  const text = String((BigInt(49_600_000 + shard) << 150n) + (BigInt(Math.floor(at)) << 80n) + BigInt(shard));
  return text.padStart(56, '0');
}

/** A lakehouse that only looks like one: every number follows from the time since `startedAt`. */
export class FakeLakehouse {
  readonly plan: Plan;
  readonly startedAt: number;
  /** States computed so far. */
  computed = 0;
  /** Records a second while the replay lasts. */
  perSecond: number;
  readonly #listeners = new Set<(alert: Alert) => void>();
  readonly #alerts: Alert[] = [];
  #fired = 0;

  constructor(plan: Plan, startedAt: number, perSecond = 840) {
    this.plan = plan;
    this.startedAt = startedAt;
    this.perSecond = perSecond;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  onAlert(listener: (alert: Alert) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** How much of the replay is done, 0..1. */
  progress(now: number): number {
    return Math.min(1, this.#records(now) / TOTAL);
  }

  fire(now: number): Alert {
    const n = ++this.#fired;
    const [carrier, airline] = CARRIERS[n % CARRIERS.length]!;
    const eventTime = this.#eventTime(now);
    const alert: Alert = {
      id: `alert-${n}`,
      alert: 'very_late',
      notify: 'operations',
      firedAt: now,
      eventTime,
      shard: 'shardId-000000000000',
      position: position(0, this.#records(now)),
      row: {
        flight_id: `2013-01-${10 + (n % 20)}/${carrier}/${1000 + n}/EWR`,
        event: 'departed',
        event_time: new Date(eventTime).toISOString(),
        carrier,
        airline,
        origin: ['EWR', 'JFK', 'LGA'][n % 3]!,
        dest: PLACES[n % PLACES.length]!,
        delay_minutes: 181 + Math.floor(part(n) * 160),
        _shard: 'shardId-000000000000',
      },
    };
    this.#alerts.push(alert);
    if (this.#alerts.length > 50) this.#alerts.shift();
    for (const listener of this.#listeners) listener(alert);
    return alert;
  }

  state(now: number): LakehouseState {
    this.computed++;
    const records = this.#records(now);
    const rate = this.#rate(now);
    return {
      lakehouse: this.plan.name,
      now,
      startedAt: this.startedAt,
      endpoint: 'http://127.0.0.1:4567',
      streams: this.plan.streams.map((s, i) => ({
        name: s.name,
        shards: s.shards,
        records: Math.floor(i === 0 ? records : records / 40),
        perSecond: i === 0 ? rate : rate / 40,
        lagMs: rate === 0 ? 0 : 40 + 60 * part(now),
      })),
      replays: this.plan.streams.slice(0, 1).map((s) => ({
        stream: s.name,
        done: Math.floor(records),
        total: TOTAL,
        at: new Date(this.#eventTime(now)).toISOString(),
        finished: records >= TOTAL,
      })),
      tables: tablesOf(this.plan).map((t) => this.#table(t.layer, t.name.database, t.name.table, now)),
      alerts: { total: this.#fired, recent: [...this.#alerts] },
      quarantined: Math.floor(records / 4000),
    };
  }

  #records(now: number): number {
    return Math.min(TOTAL, (Math.max(0, now - this.startedAt) / 1000) * this.perSecond);
  }

  #rate(now: number): number {
    if (this.#records(now) >= TOTAL) return 0;
    return this.perSecond * (1 + 0.12 * Math.sin(now / 4000) + 0.06 * (part(Math.floor(now / 500)) - 0.5));
  }

  #eventTime(now: number): number {
    return Date.UTC(2013, 0, 1) + this.progress(now) * 31 * 86_400_000;
  }

  #positions(source: string, shards: number, at: number): Positions {
    const entries = Array.from({ length: shards }, (_, i) => [
      `shardId-${String(i).padStart(12, '0')}`,
      position(i, at),
    ]);
    return { [source]: Object.fromEntries(entries) as Record<string, string> };
  }

  #table(layer: TableState['layer'], database: string, table: string, now: number): TableState {
    const every = { realtime: 400, silver: 5000, gold: 5000, ops: 4000 }[layer];
    const at = Math.max(
      this.startedAt,
      now - ((now - this.startedAt) % every) - (layer === 'gold' ? 600 : 0),
    );
    const records = this.#records(at);
    const base = { layer, database, table, committedAt: at, snapshotId: String(at), deleteFiles: 0 };
    const realtime = this.plan.realtime.find((t) => t.name === table);
    if (layer === 'realtime' && realtime !== undefined) {
      const stream = this.plan.streams.find((s) => s.name === realtime.stream);
      const small = table === 'flight_activity' ? 1 : table === 'weather' ? 40 : 7;
      const n = Math.floor(records / small);
      return {
        ...base,
        rows: n,
        dataFiles: 3 + Math.floor((now / 400) % 20),
        bytes: n * 96,
        tidemark: this.#positions(realtime.stream, stream?.shards ?? 1, at),
        freshness: { p50: 138 + 20 * part(at), p99: 300 + 110 * part(at + 1), samples: n },
      };
    }
    const silver = this.plan.silver.find((t) => t.name === table);
    if (layer === 'silver' && silver !== undefined) {
      const source = silver.groups[0]!.from;
      const n = Math.floor(records / (table === 'weather' ? 40 : 3.1));
      const merged = {
        at,
        read: this.perSecond * 5,
        changed: Math.floor(this.perSecond * 3.7),
        elapsedMs: 212,
      };
      const joined = table === 'weather' ? {} : this.#positions('weather:weather', 1, at);
      const shards = table === 'weather' ? 1 : 2;
      return {
        ...base,
        rows: n,
        dataFiles: 31,
        deleteFiles: 4,
        bytes: n * 118,
        tidemark: { ...this.#positions(source, shards, at), ...joined },
        lastMerge: merged,
      };
    }
    const n = Math.floor(
      layer === 'ops' ? records / 4000 : Math.sqrt(records) * (table === 'route_day' ? 11 : 17),
    );
    const merged = layer === 'gold' ? { lastMerge: { at, read: 3108, changed: 214, elapsedMs: 96 } } : {};
    return { ...base, rows: n, dataFiles: 6, bytes: n * 74, tidemark: {}, ...merged };
  }
}
