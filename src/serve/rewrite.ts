import type { Session } from '../engine/session.ts';
import { ident } from '../engine/sql-text.ts';
import { TidemarkError } from '../errors.ts';
import type { LakehouseNames } from './lakehouse-names.ts';
import type { TableName } from '../ports/catalog.ts';
import type { Version } from './pins.ts';
import { pointAt } from './query-error.ts';
import { inspectQuery, type Mention, type QueryParts } from './query-guard.ts';
import { parseSelect } from './query-tree.ts';
import { dottedName, tokenize, type Token } from './query-tokens.ts';
import type { Relation } from './relation.ts';
import { conditionsOf } from './row-filter.ts';
import { applyEdits, type Edit, type EditedText } from './text-edit.ts';
import { travelClauses, withoutTravel, type TravelClause } from './time-travel.ts';

/** A query whose tables are the session's own views. */
export interface Rewritten {
  run: EditedText;
  /** What each of these views must hold, by the view's name. */
  relations: Map<string, Relation>;
}

/** Athena's names of functions that DuckDB has under another one, with the same result. */
const RENAMED: Readonly<Record<string, string>> = {
  approx_distinct: 'approx_count_distinct',
  array_join: 'array_to_string',
  transform: 'list_transform',
};

function invalid(sql: string, at: number, message: string, remedy: string): TidemarkError {
  return new TidemarkError('invalid', `${message}${pointAt(sql, at)}`, { context: { position: at }, remedy });
}

/** The snapshot or moment that a clause means. */
async function versionAt(session: Session, sql: string, clause: TravelClause): Promise<Version> {
  const value = clause.value.trim();
  if (clause.kind === 'version') {
    if (/^\d+$/.test(value)) return { snapshotId: BigInt(value) };
    const tag = /^'((?:[^']|'')+)'$/.exec(value)?.[1];
    if (tag !== undefined) return { ref: tag.replaceAll("''", "'") };
    throw invalid(sql, clause.start, `"${value}" is no snapshot id`, 'write FOR VERSION AS OF 123');
  }
  const expression = value.replace(/^timestamp(?=[\s'])/i, 'TIMESTAMPTZ');
  const remedy = `write FOR TIMESTAMP AS OF TIMESTAMP '2013-01-31 10:15:00 UTC'`;
  const { mentions } = inspectQuery(
    `SELECT ${expression}`,
    await parseSelect(session, `SELECT ${expression}`),
  );
  if (mentions.length > 0) throw invalid(sql, clause.start, 'a moment cannot be read from a table', remedy);
  try {
    const [row] = await session.rows(`SELECT epoch_ms(CAST((${expression}) AS TIMESTAMPTZ))::VARCHAR AS ms`);
    const ms = Number(row?.ms ?? NaN);
    if (!Number.isNaN(ms)) return { asOfMs: ms };
  } catch (cause) {
    if (!(cause instanceof TidemarkError)) throw cause;
  }
  throw invalid(sql, clause.start, `"${value}" is no moment`, remedy);
}

/** Tokens by the place where they begin. */
type TokenIndex = ReadonlyMap<number, number>;

function nameAt(sql: string, tokens: readonly Token[], index: TokenIndex, mention: Mention): { end: number } {
  const at = index.get(mention.at);
  const name = at === undefined ? undefined : dottedName(tokens, at);
  if (!name)
    throw invalid(
      sql,
      Math.max(0, mention.at),
      'a table is named in a way that is not answered',
      'write its name, in double quotes where it has other signs than letters',
    );
  return { end: tokens[name.next - 1]!.end };
}

/** Calls of Athena's functions: by the macros with Athena's semantics, or under DuckDB's name. */
function callEdits(
  calls: QueryParts['calls'],
  tokens: readonly Token[],
  index: TokenIndex,
  macros: ReadonlySet<string>,
  schema: string,
): Edit[] {
  return calls.flatMap(({ name, at, special }) => {
    const i = index.get(at);
    const token = i === undefined ? undefined : tokens[i];
    // The tree also has calls that the text writes otherwise, such as EXTRACT.
    if (token?.text.toLowerCase() !== name || tokens[i! + 1]?.text !== '(') return [];
    const renamed = RENAMED[name];
    if (renamed !== undefined) return [{ start: token.start, end: token.end, text: renamed }];
    return macros.has(name) && !special ? [{ start: token.start, end: token.start, text: `${schema}.` }] : [];
  });
}

/** `database.table.column` becomes `table.column`: the session's views have no database. */
function columnEdits(
  columns: QueryParts['longColumns'],
  tokens: readonly Token[],
  index: TokenIndex,
  databases: ReadonlySet<string>,
): Edit[] {
  return columns.flatMap(({ at, parts }) => {
    const i = index.get(at);
    if (i === undefined || !databases.has(parts[0]!.toLowerCase())) return [];
    return [{ start: tokens[i]!.start, end: tokens[i + 2]!.start, text: '' }];
  });
}

/** Leaves out semicolons behind the statement, so that it can stand in parentheses. */
function endEdits(sql: string, tokens: readonly Token[]): Edit[] {
  const last = tokens.findLastIndex((t) => t.text !== ';');
  const first = tokens[last + 1];
  return first ? [{ start: first.start, end: sql.length, text: '' }] : [];
}

/**
 * Checks a query and makes its tables the session's own views, one for each table, version and condition.
 * @throws kinds `invalid`, `refused` and `notFound`, with the place in the text
 */
export async function rewriteQuery(
  session: Session,
  sql: string,
  names: LakehouseNames,
  macros: ReadonlySet<string>,
  macroSchema: string,
  versionOf: (name: TableName) => Version,
): Promise<Rewritten> {
  const tokens = tokenize(sql);
  const clauses = travelClauses(sql, tokens);
  const plain = withoutTravel(sql, clauses);
  const parts = inspectQuery(plain, await parseSelect(session, plain, sql), sql);
  const index: TokenIndex = new Map(tokens.map((t, i) => [t.start, i]));
  const relations = new Map<string, Relation>();
  const keys = new Map<string, string>();
  const edits: Edit[] = [];
  const open = new Set(clauses);
  for (const mention of parts.mentions) {
    const target = names.find(mention);
    const { end } = nameAt(sql, tokens, index, mention);
    const clause = clauses.find((c) => c.start >= end && plain.slice(end, c.start).trim() === '');
    if (clause) open.delete(clause);
    if (clause && target.kind === 'view')
      throw invalid(
        sql,
        clause.start,
        `the view ${target.view.name} has no snapshots of its own`,
        'name the table behind it, such as database_silver.table, or give the query a time for all tables',
      );
    const chosen = target.kind === 'view' ? {} : versionOf(target.table.name);
    const version = clause ? await versionAt(session, sql, clause) : chosen;
    const conditions = conditionsOf(mention.where);
    const key = JSON.stringify([mention.schema, mention.table, version, conditions], (_, v: unknown) =>
      typeof v === 'bigint' ? String(v) : v,
    ).toLowerCase();
    const view = keys.get(key) ?? `${mention.table}#${keys.size + 1}`;
    keys.set(key, view);
    relations.set(view, { target, version, conditions });
    const alias = mention.aliased ? '' : ` AS ${ident(mention.table)}`;
    const start = mention.at;
    edits.push({ start, end, text: `temp.main.${ident(view)}${alias}` });
  }
  const [stray] = open;
  if (stray)
    throw invalid(
      sql,
      stray.start,
      'FOR … AS OF stands alone',
      'write it directly behind the name of a table',
    );
  for (const { start, end } of clauses) edits.push({ start, end, text: plain.slice(start, end) });
  const databases = new Set(names.databases().map((d) => d.toLowerCase()));
  edits.push(...callEdits(parts.calls, tokens, index, macros, macroSchema));
  edits.push(...columnEdits(parts.longColumns, tokens, index, databases));
  edits.push(...endEdits(sql, tokens));
  const run = applyEdits(sql, edits);
  await checkRewritten(session, run.text, relations);
  return { run, relations };
}

/** What runs is checked once more: should two parsers ever read a text differently, it still reads nothing else. */
async function checkRewritten(
  session: Session,
  text: string,
  views: ReadonlyMap<string, unknown>,
): Promise<void> {
  const { mentions } = inspectQuery(text, await parseSelect(session, text));
  const foreign = mentions.find((m) => m.catalog !== 'temp' || m.schema !== 'main' || !views.has(m.table));
  if (foreign)
    throw new TidemarkError('refused', `the query names "${foreign.table}" in a way that is not answered`, {
      remedy: 'write names of tables plainly, in double quotes where they have other signs than letters',
    });
}
