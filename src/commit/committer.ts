import { TidemarkError } from '../errors.ts';
import {
  commitSnapshot,
  loadTable,
  type CommitOutcome,
  type Retention,
  type SnapshotChange,
  type Table,
  type TableIo,
} from '../iceberg/index.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import type { Intent, Ledger, Position, ShardRef } from '../ports/ledger.ts';
import type { Log } from '../ports/log.ts';
import { stagedDataFile } from './files.ts';
import { advance, MARK_KEY, positionIn, readMark, writeMark, type Mark } from './mark.ts';

/** How many intents of a shard one commit takes; the rest waits for the next. */
const INTENTS_A_SHARD = 500;

export interface CommitterPorts {
  io: TableIo;
  ledger: Ledger;
  log: Log;
}

/** How long snapshots of our tables stay in the metadata. */
export const RETENTION: Retention = {
  keepAllMs: 10 * 60_000,
  maxRecent: 50,
  keepPerMinuteMs: 60 * 60_000,
  keepPerHourMs: 24 * 3_600_000,
  keepMin: 1,
  protect: (snapshot) => snapshot.summary[MARK_KEY] !== undefined,
};

export interface Committed {
  table: Table;
  intents: Intent[];
}

/** Pending intents of one shard that chain onto the mark. */
async function chainOf(
  ledger: Ledger,
  log: Log,
  name: TableName,
  ref: ShardRef,
  from: Position,
): Promise<Intent[]> {
  const chain: Intent[] = [];
  let at = from;
  for (const intent of await ledger.intents(name, ref, from, INTENTS_A_SHARD)) {
    if (intent.after !== at) {
      // A gap is never skipped: what fills it may not be readable yet.
      log.warn('an intent does not chain onto the tidemark; waiting', {
        table: tableKey(name),
        ...ref,
        mark: at,
        after: intent.after,
      });
      break;
    }
    chain.push(intent);
    at = intent.last;
  }
  return chain;
}

/** The intents that the table does not contain yet, derived from its mark and nothing else. */
export async function pendingIntents(ports: CommitterPorts, name: TableName, mark: Mark): Promise<Intent[]> {
  const chains: Intent[] = [];
  for (const ref of await ports.ledger.intentShards(name))
    chains.push(
      ...(await chainOf(ports.ledger, ports.log, name, ref, positionIn(mark, ref.stream, ref.shard))),
    );
  return chains;
}

/** Commits with the mark inside: the data and what it says are one snapshot. */
export function commitWithMark(
  io: TableIo,
  table: Table,
  mark: Mark | ((ids: { snapshotId: bigint; sequenceNumber: bigint }) => Mark),
  change: SnapshotChange,
): Promise<CommitOutcome> {
  return commitSnapshot(
    io,
    table,
    async (ids) => {
      const at = typeof mark === 'function' ? mark(ids) : mark;
      const pointer = await writeMark(io.store, table, at, ids, io.random.uuid());
      return {
        ...change,
        summary: { ...change.summary, ...pointer },
        setProperties: { ...change.setProperties, ...pointer },
      };
    },
    { retention: RETENTION },
  );
}

async function commitOnce(
  ports: CommitterPorts,
  table: Table,
  accept: (pending: Intent[]) => boolean,
): Promise<{ outcome: CommitOutcome; intents: Intent[] } | undefined> {
  const mark = await readMark(ports.io.store, table);
  const intents = await pendingIntents(ports, table.name, mark);
  if (intents.length === 0 || !accept(intents)) return undefined;
  const next = intents.reduce((m, i) => advance(m, i.stream, { [i.shard]: i.last }), mark);
  const files = intents.flatMap((i) => (i.file ? [stagedDataFile(i.file)] : []));
  const outcome = await commitWithMark(ports.io, table, next, {
    operation: 'append',
    addedData: files,
    addedDeletes: [],
    removedData: [],
    removedDeletes: [],
    summary: {},
  });
  return { outcome, intents };
}

/**
 * Brings into the table every claimed intent that chains onto its tidemark, as one snapshot. May run twice at once.
 *
 * @param accept whether these pending intents are worth a commit now; an empty range may wait
 * @returns undefined when there was nothing to do
 * @throws kind `unknown` when a commit's outcome could not be found out: nothing was deleted, call again
 */
export async function commitPending(
  ports: CommitterPorts,
  name: TableName,
  accept: (pending: Intent[]) => boolean = () => true,
): Promise<Committed | undefined> {
  for (let attempt = 1; ; attempt++) {
    const table = await loadTable(ports.io, name);
    if (!table)
      throw new TidemarkError('notFound', `there is no table ${tableKey(name)}`, {
        remedy: 'deploy the lakehouse first',
      });
    const made = await commitOnce(ports, table, accept);
    if (!made) return undefined;
    const { outcome, intents } = made;
    if (outcome.kind === 'committed') return { table: outcome.table, intents };
    if (outcome.kind === 'unknown')
      throw new TidemarkError('unknown', `the outcome of a commit to ${tableKey(name)} is unknown`, {
        context: { table: tableKey(name), attempt },
        cause: outcome.cause,
      });
    // Somebody else committed first: load again, and cut again by the mark that is there now.
    await ports.io.clock.sleep(Math.min(1000, 10 * 2 ** attempt) * ports.io.random.next());
  }
}
