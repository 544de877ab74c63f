import { readMark, type Mark, type TouchedGroups } from '../commit/mark.ts';
import type { PlanGold, PlanSilver } from '../definition/plan.ts';
import { goldTable } from '../definition/tables.ts';
import type { Session } from '../engine/session.ts';
import { ident, idents, literal } from '../engine/sql-text.ts';
import { currentSchema, currentSnapshot, loadTable, type Table } from '../iceberg/index.ts';
import type { IntegrationPorts } from './ports.ts';
import { withScratch } from './put-rows.ts';

/** Longer lists than this are cut; a Gold table that has not read the cut part is recomputed in full. */
const MAX_TOUCHED = 200;

/** The group values of rows, as a SELECT over `from`. */
export function groupsSql(gold: PlanGold, from: string): string {
  const groups = gold.groupBy.map((g) => `(${g.expression.duckdb}) AS ${ident(g.name)}`);
  return `SELECT DISTINCT ${groups.join(', ')} FROM ${from}`;
}

/** The columns of a Silver table by which Gold tables may group: those whose names their groups' expressions hold. */
export function groupColumns(ports: IntegrationPorts, silver: PlanSilver, columns: string[]): string[] {
  const texts = ports.plan.gold
    .filter((g) => g.from === silver.name)
    .flatMap((g) => g.groupBy.map((group) => group.expression.duckdb.toLowerCase()));
  return columns.filter((c) => texts.some((text) => text.includes(c.toLowerCase())));
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
  return withScratch(ports.io, ports.scratch, async (local, id) => {
    await session.run(`COPY (${groupsSql(gold, `(${rows})`)}) TO ${literal(local)} (FORMAT parquet)`);
    const uri = `${table.metadata.location}/metadata/touched-${gold.name}-${id}.parquet`;
    await ports.io.store.putFile(uri, local);
    return uri;
  });
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
  const all = currentSchema(table.metadata).fields.map((f) => f.name);
  const used = groupColumns(ports, silver, all);
  const columns = idents(used.length > 0 ? used : all.slice(0, 1));
  const rows = [next, ...(old ? [old] : [])]
    .map((t) => `SELECT ${columns} FROM ${ident(t)}`)
    .join(' UNION ALL ');
  const files: Record<string, string> = {};
  for (const gold of ports.plan.gold.filter((g) => g.from === silver.name)) {
    const uri = await writeGroups(ports, session, table, gold, rows);
    if (uri !== undefined) files[gold.name] = uri;
  }
  const known = await stillWanted(ports, silver, table, mark);
  return ({ sequenceNumber }) => {
    const added: TouchedGroups = { sequenceNumber: String(sequenceNumber), files };
    return { ...mark, touched: [...known.touched, added], touchedSince: known.touchedSince };
  };
}

/** What the list so far says for Gold tables that have not read all of it. */
async function stillWanted(
  ports: IntegrationPorts,
  silver: PlanSilver,
  table: Table,
  mark: Mark,
): Promise<Pick<Mark, 'touched' | 'touchedSince'>> {
  const parent = currentSnapshot(table.metadata)?.['sequence-number'] ?? 0n;
  const newest = mark.touched.at(-1)?.sequenceNumber ?? mark.touchedSince;
  // Somebody else committed since: what they touched nobody wrote down, so the list begins anew behind it.
  if (newest !== String(parent)) return { touched: [], touchedSince: String(parent) };
  const need = (await oldestNeed(ports, silver)) ?? parent;
  const wanted = mark.touched.filter((t) => BigInt(t.sequenceNumber) > need);
  const cut = wanted.at(-MAX_TOUCHED - 1);
  const since = need > BigInt(mark.touchedSince) ? String(need) : mark.touchedSince;
  return { touched: wanted.slice(-MAX_TOUCHED), touchedSince: cut?.sequenceNumber ?? since };
}
