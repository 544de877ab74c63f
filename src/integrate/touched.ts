import { readMark, type Mark, type TouchedGroups } from '../commit/mark.ts';
import type { PlanGold, PlanSilver } from '../definition/plan.ts';
import { goldTable } from '../definition/tables.ts';
import type { Session } from '../engine/session.ts';
import { ident, idents, literal } from '../engine/sql-text.ts';
import { currentSchema, loadTable, type Table } from '../iceberg/index.ts';
import type { IntegrationPorts } from './ports.ts';

/** Longer lists than this are cut; a Gold table that has not read the cut part is recomputed in full. */
const MAX_TOUCHED = 200;

/** The group values of rows, as a SELECT over `from`. */
export function groupsSql(gold: PlanGold, from: string): string {
  const groups = gold.groupBy.map((g) => `(${g.expression.duckdb}) AS ${ident(g.name)}`);
  return `SELECT DISTINCT ${groups.join(', ')} FROM ${from}`;
}

async function writeGroups(
  ports: IntegrationPorts,
  session: Session,
  table: Table,
  gold: PlanGold,
  rows: string,
): Promise<string | undefined> {
  const [count] = await session.rows(`SELECT count(*) AS n FROM (${rows})`);
  if (Number(count?.n ?? 0) === 0) return undefined;
  const id = ports.io.random.uuid();
  const local = `${ports.scratch}/${id}.parquet`;
  await session.run(`COPY (${groupsSql(gold, `(${rows})`)}) TO ${literal(local)} (FORMAT parquet)`);
  const uri = `${table.metadata.location}/metadata/touched-${gold.name}-${id}.parquet`;
  await ports.io.store.putFile(uri, local);
  return uri;
}

/** The oldest sequence number of `silver` that some Gold table still has to read from; undefined without Gold tables. */
async function oldestNeed(ports: IntegrationPorts, silver: PlanSilver): Promise<bigint | undefined> {
  let oldest: bigint | undefined;
  for (const gold of ports.plan.gold.filter((g) => g.from === silver.name)) {
    const table = await loadTable(ports.io, goldTable(ports.plan, gold.name));
    const mark = table && (await readMark(ports.io.store, table));
    const at = BigInt(mark?.inputs[silver.name]?.sequenceNumber ?? 0);
    if (oldest === undefined || at < oldest) oldest = at;
  }
  return oldest;
}

/**
 * Writes which groups of each Gold table the merge touches, by the old and the new rows, and returns the mark that
 * carries them with the commit. Gold then recomputes these groups and no others.
 * @param old the session's table of replaced rows; undefined when nothing was replaced
 */
export async function recordTouched(
  ports: IntegrationPorts,
  session: Session,
  silver: PlanSilver,
  table: Table,
  mark: Mark,
  old: string | undefined,
  next: string,
): Promise<(ids: { sequenceNumber: bigint }) => Mark> {
  const columns = idents(currentSchema(table.metadata).fields.map((f) => f.name));
  const rows = [next, ...(old ? [old] : [])].map((t) => `SELECT ${columns} FROM ${ident(t)}`).join(' UNION ALL ');
  const files: Record<string, string> = {};
  for (const gold of ports.plan.gold.filter((g) => g.from === silver.name)) {
    const uri = await writeGroups(ports, session, table, gold, rows);
    if (uri !== undefined) files[gold.name] = uri;
  }
  const need = (await oldestNeed(ports, silver)) ?? 0n;
  const wanted = mark.touched.filter((t) => BigInt(t.sequenceNumber) > need);
  const kept = wanted.slice(-MAX_TOUCHED);
  const cut = wanted.at(-MAX_TOUCHED - 1);
  return ({ sequenceNumber }) => {
    const added: TouchedGroups = { sequenceNumber: String(sequenceNumber), files };
    const since = cut?.sequenceNumber ?? (need > BigInt(mark.touchedSince) ? String(need) : mark.touchedSince);
    return { ...mark, touched: [...kept, added], touchedSince: since };
  };
}
