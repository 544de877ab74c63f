import { join } from 'node:path';
import { rm } from 'node:fs/promises';
import type { Plan, PlanRealtime, PlanStream } from '../definition/plan.ts';
import { quarantineTable, realtimeTable } from '../definition/tables.ts';
import type { Engine, Session } from '../engine/session.ts';
import { ident, literal } from '../engine/sql-text.ts';
import { unknownColumns } from '../engine/unknown-columns.ts';
import { TidemarkError } from '../errors.ts';
import type { TableName } from '../ports/catalog.ts';
import type { Intent, Ledger, Position, ShardState, StagedFile } from '../ports/ledger.ts';
import type { Log } from '../ports/log.ts';
import { cautionFor } from './attempts.ts';
import { loadBatch } from './batch-table.ts';
import { compileContract, type Contract } from './contract.ts';
import { decodeRecords, type Decoded, type Refused } from './decode.ts';
import { applyEffects, type EffectPorts } from './effects.ts';
import type { RawBatch, RawRecord } from './event.ts';
import { outputOf, runRules } from './rule.ts';
import { loadRefused, stageRows, type Destination, type Staging } from './stage.ts';

export interface ProcessorPorts extends EffectPorts {
  ledger: Ledger;
  engine: Engine;
  staging: Staging;
  log: Log;
  /** The table as it stands in the catalog. */
  destination(name: TableName): Promise<Destination>;
}

/** What became of a batch, for logs and metrics. */
export interface BatchResult {
  received: number;
  written: number;
  quarantined: number;
  claimed: boolean;
  /** The first record that was left for the next delivery; absent when none was. */
  rest?: string;
}

const NOTHING: BatchResult = { received: 0, written: 0, quarantined: 0, claimed: false };

/** How often a batch is cut anew when another attempt claimed part of it meanwhile. */
const CLAIM_ATTEMPTS = 10;

/**
 * Turns batches of one stream into claimed files.
 *
 * The order is the protocol: files durable, then one claim for all tables, then effects, then the caller acknowledges.
 */
export class Processor {
  readonly #plan: Plan;
  readonly #planVersion: number;
  readonly #stream: PlanStream;
  readonly #tables: PlanRealtime[];
  readonly #contract: Contract;
  readonly #ports: ProcessorPorts;

  /** @param planVersion grows with every deployed change of the plan; an older processor's claims are refused */
  constructor(plan: Plan, planVersion: number, stream: string, ports: ProcessorPorts) {
    const found = plan.streams.find((s) => s.name === stream);
    if (!found)
      throw new TidemarkError('notFound', `the plan "${plan.name}" has no stream "${stream}"`, {
        remedy: `use one of ${plan.streams.map((s) => s.name).join(', ')}`,
      });
    this.#plan = plan;
    this.#planVersion = planVersion;
    this.#stream = found;
    this.#tables = plan.realtime.filter((t) => t.stream === stream);
    this.#contract = compileContract(found);
    this.#ports = ports;
  }

  /**
   * Processes a batch of one shard. When it returns, every record before `rest` is claimed and its effects are told.
   * Batches may be repeated, overlap, or be processed by two callers at once.
   */
  async process(batch: RawBatch): Promise<BatchResult> {
    const { ledger } = this.#ports;
    const first = batch.records[0]?.position;
    if (first === undefined) return NOTHING;
    const attempts = await ledger.countAttempt(batch, first);
    try {
      const caution = cautionFor(attempts, batch.records.length);
      const records = batch.records.slice(0, caution.records);
      const result = await this.#process({ ...batch, records }, caution.unread);
      const rest = batch.records[records.length]?.sequenceNumber;
      return rest === undefined ? result : { ...result, rest };
    } finally {
      // Reached also after an error: only an attempt that took the process with it stays counted.
      await ledger.forgetAttempts(batch, first);
    }
  }

  async #process(batch: RawBatch, unread: boolean): Promise<BatchResult> {
    const { ledger, engine } = this.#ports;
    let total = NOTHING;
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
      const state = await ledger.shard(batch);
      const done = state.claimed < state.effected ? state.claimed : state.effected;
      const records = batch.records.filter((r) => r.position > done);
      if (records.length === 0) return total;
      const session = await engine.session();
      try {
        const decoded = await this.#load(session, batch, records, unread);
        const fresh = records.filter((r) => r.position > state.claimed);
        if (fresh.length > 0) {
          const claimed = await this.#claim(session, batch, fresh, decoded, state);
          if (!claimed) continue;
          total = claimed;
        }
        await applyEffects(session, this.#ports, this.#tables, this.#plan.alerts, state.effected);
        await ledger.effect(batch, records.at(-1)!.position);
        return total;
      } finally {
        await session.close();
      }
    }
    throw new TidemarkError('conflict', `a batch lost its claim ${CLAIM_ATTEMPTS} times to other attempts`, {
      context: { stream: batch.stream, shard: batch.shard, first: batch.records[0]?.position },
    });
  }

  /** Decodes, validates, runs the rules; afterwards the session holds an output table per real-time table. */
  async #load(session: Session, batch: RawBatch, records: RawRecord[], unread: boolean): Promise<Decoded> {
    const { staging } = this.#ports;
    const scratch = join(staging.scratch, `${staging.random.uuid()}.ndjson`);
    const decoded = unread ? refuseUnread(records) : decodeRecords(records, this.#contract);
    try {
      await loadBatch(session, this.#stream, batch.shard, decoded.accepted, scratch);
      const bad = await runRules(session, this.#tables, decoded.accepted.length);
      const refused = [...decoded.refused, ...bad.map((b) => failedRule(decoded, b))];
      if (refused.length > 0) await loadRefused(session, batch.stream, batch.shard, refused, scratch);
      return { accepted: decoded.accepted, refused };
    } finally {
      await rm(scratch, { force: true });
    }
  }

  async #claim(
    session: Session,
    batch: RawBatch,
    fresh: RawRecord[],
    decoded: Decoded,
    state: ShardState,
  ): Promise<BatchResult | undefined> {
    const { ledger, staging, clock } = this.#ports;
    const after = state.claimed;
    const isFresh = (r: { position: Position }): boolean => r.position > after;
    const quarantined = decoded.refused.filter(isFresh).length;
    // A record refused by a rule is in both lists: it was accepted by the contract before.
    const byRule = decoded.refused.filter((r) => isFresh(r) && r.reason === RULE_FAILED).length;
    const received = decoded.accepted.filter(isFresh).length + quarantined - byRule;
    const common = {
      stream: batch.stream,
      shard: batch.shard,
      after,
      first: fresh[0]!.position,
      last: fresh.at(-1)!.position,
      claimId: staging.random.uuid(),
      planVersion: this.#planVersion,
      arrivedFrom: Math.min(...fresh.map((r) => r.arrivedAt)),
      arrivedTo: Math.max(...fresh.map((r) => r.arrivedAt)),
      claimedAt: clock.now(),
    };
    const intents: Intent[] = [];
    for (const table of this.#tables) {
      const name = realtimeTable(this.#plan, table.name);
      const file = await this.#stage(session, name, outputOf(table), after);
      const written = file?.recordCount ?? 0;
      const counts = { received, written, filtered: received - written - quarantined, quarantined };
      const times = file ? await eventTimes(session, table, after) : {};
      intents.push({ ...common, ...times, table: name, counts, ...(file ? { file } : {}) });
    }
    const quarantine = quarantineTable(this.#plan);
    const file =
      quarantined > 0 ? await this.#stage(session, quarantine, 'out_quarantine', after) : undefined;
    const counts = { received, written: quarantined, filtered: received - quarantined, quarantined: 0 };
    intents.push({ ...common, table: quarantine, counts, ...(file ? { file } : {}) });
    const outcome = await ledger.claim({ ...common, intents });
    if (outcome.kind === 'claimed')
      return { received, written: intents[0]?.counts.written ?? 0, quarantined, claimed: true };
    if (outcome.state.planVersion > this.#planVersion)
      throw new TidemarkError('refused', 'a newer plan claims this shard already', {
        context: { ...batch, records: undefined, plan: this.#planVersion, newer: outcome.state.planVersion },
        remedy: 'stop this processor; the newer deployment goes on',
      });
    this.#ports.log.info('claim lost to another attempt; cutting the batch anew', {
      stream: batch.stream,
      shard: batch.shard,
    });
    return undefined;
  }

  async #stage(
    session: Session,
    name: TableName,
    from: string,
    after: Position,
  ): Promise<StagedFile | undefined> {
    const table = await this.#ports.destination(name);
    const unknown = new Set(unknownColumns(this.#plan, name, table.schema));
    const columns = table.schema.fields
      .map((f) => (unknown.has(f.name) ? `NULL AS ${ident(f.name)}` : ident(f.name)))
      .join(', ');
    const select = `SELECT ${columns} FROM ${from} WHERE _seq > ${literal(after)}`;
    return stageRows(session, this.#ports.staging, table, select);
  }
}

const RULE_FAILED = 'rule_failed';

function refuseUnread(records: RawRecord[]): Decoded {
  const refused = records.map((r) => ({
    position: r.position,
    sub: 0,
    arrivedAt: r.arrivedAt,
    partitionKey: r.partitionKey,
    reason: 'ends_process',
    message: 'reading this record ended the process each time it was tried',
    payload: r.data,
  }));
  return { accepted: [], refused };
}

function failedRule(decoded: Decoded, bad: { row: number; table: string; message: string }): Refused {
  const { json: _json, ...record } = decoded.accepted[bad.row]!;
  return { ...record, reason: RULE_FAILED, message: `rule of ${bad.table}: ${bad.message}` };
}

async function eventTimes(
  session: Session,
  table: PlanRealtime,
  after: Position,
): Promise<{ eventFrom?: number; eventTo?: number }> {
  const [row] = await session.rows(
    `SELECT epoch_ms(min("${table.eventTime}")) AS low, epoch_ms(max("${table.eventTime}")) AS high
     FROM ${outputOf(table)} WHERE _seq > ${literal(after)}`,
  );
  return row?.low == null ? {} : { eventFrom: Number(row.low), eventTo: Number(row.high) };
}
