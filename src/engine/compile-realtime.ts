import { isOrdered } from '../definition/check-columns.ts';
import type { ColumnType, PlanColumn } from '../definition/column.ts';
import { athenaType } from '../definition/column.ts';
import type { RealtimeDefinition } from '../definition/definition.ts';
import type { PlanRealtime, PlanReference, PlanStream, RuleSql } from '../definition/plan.ts';
import { EXTRA_COLUMN, POSITION_COLUMNS } from '../definition/tables.ts';
import { referenceTable } from './references.ts';
import type { RuleBook } from './rule-book.ts';
import type { Scope } from './scope.ts';
import { ident } from './sql-text.ts';
import { commonType } from './sql-type.ts';

/** The relation that a rule reads: the batch of accepted records. */
export const BATCH = 'batch';

/** The stream's columns as a rule sees them. */
export function batchColumns(stream: PlanStream): PlanColumn[] {
  return stream.extras === 'keep' ? [...stream.columns, EXTRA_COLUMN] : stream.columns;
}

interface Lookup {
  alias: string;
  reference: PlanReference;
  on: { column: string; expression: RuleSql }[];
}

interface Derived {
  column: PlanColumn;
  expression: RuleSql;
}

/** Text of one engine made of texts of that engine. */
export type PerEngine = (engine: 'athena' | 'duckdb') => string;
export const forBoth = (text: PerEngine): RuleSql => ({ athena: text('athena'), duckdb: text('duckdb') });

/** A column that holds what an expression gives. */
export const derivedColumn = (name: string, type: ColumnType): PlanColumn => ({
  name,
  type,
  required: false,
});

/** Rows that reached a table have passed the stream's rules; a table's schema knows none. */
function withoutRules({ name, type, required, doc }: PlanColumn): PlanColumn {
  return { name, type, required, ...(doc === undefined ? {} : { doc }) };
}

async function compileLookups(
  book: RuleBook,
  path: string,
  table: RealtimeDefinition,
  stream: Scope,
  references: readonly PlanReference[],
): Promise<Lookup[]> {
  const lookups: Lookup[] = [];
  for (const [alias, lookup] of Object.entries(table.lookups ?? {})) {
    const reference = references.find((r) => r.name === (lookup.reference ?? alias))!;
    const on: Lookup['on'] = [];
    for (const [name, rule] of Object.entries(lookup.on)) {
      const place = `${path}.lookups.${alias}.on.${name}`;
      const expression = await book.compile(place, rule, stream, 'value');
      const key = reference.columns.find((c) => c.name === name)!;
      if (!expression) continue;
      if (!commonType(expression.type, key.type)) {
        const types = `${athenaType(expression.type)} cannot be compared with ${athenaType(key.type)}`;
        book.problems.add(place, rule, types, `cast it to ${athenaType(key.type)}`);
      }
      on.push({ column: name, expression });
    }
    lookups.push({ alias, reference, on });
  }
  return lookups;
}

function ruleText(
  table: { columns: PlanColumn[]; derived: Derived[] },
  lookups: Lookup[],
  where: RuleSql | undefined,
): PerEngine {
  const own = (name: string): string => `${ident(BATCH)}.${ident(name)} AS ${ident(name)}`;
  return (engine) => {
    const select = [
      ...table.columns.map((c) => {
        const derived = table.derived.find((d) => d.column.name === c.name);
        return derived ? `${derived.expression[engine]} AS ${ident(c.name)}` : own(c.name);
      }),
      ...POSITION_COLUMNS.map((c) => own(c.name)),
    ];
    const joins = lookups.map(({ alias, reference, on }) => {
      const keys = on.map((o) => `${ident(alias)}.${ident(o.column)} = ${o.expression[engine]}`);
      return `LEFT JOIN ${ident(referenceTable(reference.name))} AS ${ident(alias)} ON ${keys.join(' AND ')}`;
    });
    const filter = where ? [`WHERE ${where[engine]}`] : [];
    return [`SELECT ${select.join(', ')}`, `FROM ${ident(BATCH)}`, ...joins, ...filter].join('\n');
  };
}

/**
 * Compiles a real-time table. Every record that the filter keeps makes one row: a lookup that finds nothing gives
 * NULLs, and references hold each key once.
 */
export async function compileRealtime(
  book: RuleBook,
  name: string,
  table: RealtimeDefinition,
  stream: PlanStream,
  references: readonly PlanReference[],
): Promise<PlanRealtime> {
  const path = `realtime.${name}`;
  const scope: Scope = { of: `the stream "${stream.name}"`, columns: batchColumns(stream), relation: BATCH };
  const lookups = await compileLookups(book, path, table, scope, references);
  const joined: Scope = { ...scope, lookups: new Map(lookups.map((l) => [l.alias, l.reference.columns])) };
  const used = new Set<string>();
  const where = table.where && (await book.compile(`${path}.where`, table.where, joined, 'condition'));
  where?.lookups.forEach((alias) => used.add(alias));
  const derived: Derived[] = [];
  for (const [column, rule] of Object.entries(table.select ?? {})) {
    const expression = await book.compile(`${path}.select.${column}`, rule, joined, 'value');
    if (!expression) continue;
    expression.lookups.forEach((alias) => used.add(alias));
    derived.push({ column: derivedColumn(column, expression.type), expression });
  }
  const columns = [
    ...stream.columns.map(withoutRules),
    ...derived.map((d) => d.column),
    ...(stream.extras === 'keep' ? [EXTRA_COLUMN] : []),
  ];
  const version = table.version ?? stream.eventTime;
  const versionType = columns.find((c) => c.name === version)?.type;
  if (versionType && !isOrdered(versionType)) {
    const remedy = 'use a timestamp, date, int, long, decimal or string column';
    book.problems.add(
      `${path}.version`,
      version,
      `rows cannot be ordered by ${athenaType(versionType)}`,
      remedy,
    );
  }
  const read = lookups.filter((l) => used.has(l.alias));
  return {
    name,
    stream: stream.name,
    columns,
    references: [...new Set(read.map((l) => l.reference.name))],
    version,
    eventTime: stream.eventTime,
    hotKey: table.hotKey ?? [],
    rule: forBoth(ruleText({ columns, derived }, read, where)),
  };
}
