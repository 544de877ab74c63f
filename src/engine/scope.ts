import type { PlanColumn } from '../definition/column.ts';
import { nearest } from '../definition/nearest.ts';
import { RuleProblem } from './rule-problem.ts';
import { ident } from './sql-text.ts';
import type { ColumnType } from '../definition/column.ts';

/** The columns that an expression may read. */
export interface Scope {
  /** What they are columns of, for messages: `stream flight_events`. */
  of: string;
  columns: readonly PlanColumn[];
  /** The relation's name in the compiled text; without it columns stand unqualified. */
  relation?: string;
  /** Rows looked up beside, by alias. */
  lookups?: ReadonlyMap<string, readonly PlanColumn[]>;
}

export interface Resolved {
  type: ColumnType;
  sql: string;
  /** The lookup that the column comes from. */
  lookup?: string;
}

/** Names that are functions in Athena and change between two runs of the same rule. */
const CLOCK_NAMES = new Set([
  'current_date',
  'current_time',
  'current_timestamp',
  'localtime',
  'localtimestamp',
  'current_user',
]);

/**
 * Finds the column that a name in rule text means.
 * @param path `carrier`, `airlines.name`, `address.city`
 * @throws RuleProblem when there is none
 */
export function resolveColumn(scope: Scope, path: readonly string[], place: number | undefined): Resolved {
  const [first = '', ...rest] = path.map((name) => name.toLowerCase());
  const lookup = rest.length > 0 ? scope.lookups?.get(first) : undefined;
  if (lookup) {
    const [name = '', ...fields] = rest;
    const column = find(lookup, name, `${first}.`, `lookup ${first}`, place);
    return descend(`${ident(first)}.${ident(name)}`, column.type, fields, `${first}.${name}`, place, first);
  }
  if (CLOCK_NAMES.has(first) && !scope.columns.some((c) => c.name === first)) {
    throw new RuleProblem(
      `${first} changes between two runs of the same rule`,
      'use a column that says when it happened, such as the event time',
      place,
    );
  }
  const column = find(scope.columns, first, '', scope.of, place, [...(scope.lookups?.keys() ?? [])]);
  const prefix = scope.relation === undefined ? '' : `${ident(scope.relation)}.`;
  return descend(`${prefix}${ident(first)}`, column.type, rest, first, place);
}

function find(
  columns: readonly PlanColumn[],
  name: string,
  prefix: string,
  of: string,
  place: number | undefined,
  lookups: readonly string[] = [],
): PlanColumn {
  const found = columns.find((c) => c.name === name);
  if (found) return found;
  const names = columns.map((c) => prefix + c.name);
  const beside = lookups.length > 0 ? `, or a column of the lookups ${lookups.join(', ')}` : '';
  throw new RuleProblem(
    `${of} has no column "${name}"`,
    `write ${nearest(prefix + name, names)}${beside}`,
    place,
  );
}

function descend(
  sql: string,
  type: ColumnType,
  fields: readonly string[],
  shown: string,
  place: number | undefined,
  lookup?: string,
): Resolved {
  let current = { sql, type };
  for (const field of fields) {
    if (current.type.kind !== 'struct') {
      throw new RuleProblem(`"${shown}" has no fields`, `write ${shown}`, place);
    }
    const found = find(current.type.fields, field, `${shown}.`, shown, place);
    current = { sql: `${current.sql}.${ident(field)}`, type: found.type };
  }
  return { ...current, ...(lookup === undefined ? {} : { lookup }) };
}
