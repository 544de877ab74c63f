import { aggregate } from './aggregates.ts';
import { castExpression, castTarget } from './casts.ts';
import { callFunction, isAggregate } from './functions.ts';
import { EXTRACT_FIELDS } from './functions-time.ts';
import { booleanLiteral, constant, timeLiteral } from './literals.ts';
import {
  arithmetic,
  compare,
  concatenate,
  connect,
  negate,
  requireBoolean,
  requireComparable,
} from './operators.ts';
import { RuleProblem } from './rule-problem.ts';
import { resolveColumn, type Scope } from './scope.ts';
import { nodes, placeOf, textLiteral, type SqlNode } from './sql-tree.ts';
import { BOOLEAN, typeName } from './sql-type.ts';
import { combine, unify, type Typed } from './typed.ts';

const COMPARISONS: Readonly<Record<string, string>> = {
  COMPARE_EQUAL: '=',
  COMPARE_NOTEQUAL: '<>',
  COMPARE_LESSTHAN: '<',
  COMPARE_GREATERTHAN: '>',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHANOREQUALTO: '>=',
  COMPARE_DISTINCT_FROM: 'IS DISTINCT FROM',
  COMPARE_NOT_DISTINCT_FROM: 'IS NOT DISTINCT FROM',
};
const LIKES: Readonly<Record<string, string>> = {
  '~~': 'LIKE',
  '!~~': 'NOT LIKE',
  like_escape: 'LIKE',
  not_like_escape: 'NOT LIKE',
};
const INTERVALS: Readonly<Record<string, string>> = {
  to_seconds: 'SECOND',
  to_minutes: 'MINUTE',
  to_hours: 'HOUR',
  to_days: 'DAY',
  to_months: 'MONTH',
  to_years: 'YEAR',
};
/** Constructs by the class of their node, with what to write instead. */
const REFUSED_CLASSES: Readonly<Record<string, [string, string]>> = {
  SUBQUERY: ['a subquery', 'use a lookup, a join or a Gold table'],
  STAR: ['*', 'name the columns; only count(*) takes a star'],
  WINDOW: ['a window function', 'use a Gold table'],
  LAMBDA: ['a lambda', 'derive the value before the stream'],
  COLLATE: ['COLLATE', 'leave the collation out'],
  PARAMETER: ['a parameter', 'write the value'],
  POSITIONAL_REFERENCE: ['a positional reference', 'name the column'],
};

/**
 * Turns a checked syntax tree into one text per engine. Both are written anew from the tree, with every operation in
 * parentheses, so that no difference in precedence or spelling between two parsers can change the meaning.
 */
export class Translation {
  readonly #scope: Scope;
  /** Aliases of the lookups that the expression reads. */
  readonly lookups = new Set<string>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** @throws RuleProblem at the first construct outside of the subset */
  translate(node: SqlNode): Typed {
    const place = placeOf(node);
    switch (node.class) {
      case 'COLUMN_REF':
        return this.#column(node.column_names as string[], place);
      case 'CONSTANT':
        return constant(node, place);
      case 'COMPARISON': {
        const [left, right] = [node.left, node.right].map((n) => this.translate(n as SqlNode));
        return compare(COMPARISONS[node.type] ?? unknown(node.type, place), left!, right!, place);
      }
      case 'CONJUNCTION': {
        const operator = node.type === 'CONJUNCTION_AND' ? 'AND' : 'OR';
        return connect(operator, this.#all(node.children), place);
      }
      case 'BETWEEN':
        return this.#between(node, place);
      case 'CASE':
        return this.#case(node, place);
      case 'CAST':
        return this.#cast(node, place);
      case 'OPERATOR':
        return this.#operator(node, place);
      case 'FUNCTION':
        return this.#function(node, place);
      default: {
        const [what, remedy] = REFUSED_CLASSES[node.class] ?? [node.class.toLowerCase(), 'leave it out'];
        throw new RuleProblem(`${what} is not in the subset`, remedy, place);
      }
    }
  }

  #all(children: unknown): Typed[] {
    return nodes(children).map((child) => this.translate(child));
  }

  #column(path: string[], place: number | undefined): Typed {
    const { type, sql, lookup } = resolveColumn(this.#scope, path, place);
    if (lookup !== undefined) this.lookups.add(lookup);
    return { type, duckdb: sql, athena: sql, aggregate: false, readsRow: true };
  }

  #between(node: SqlNode, place: number | undefined): Typed {
    const parts = [node.input, node.lower, node.upper].map((n) => this.translate(n as SqlNode));
    requireComparable(parts, 'BETWEEN', place);
    const { values } = unify(parts, 'BETWEEN', place);
    const text = (e: 'duckdb' | 'athena'): string =>
      `(${values[0]![e]} BETWEEN ${values[1]![e]} AND ${values[2]![e]})`;
    return combine(BOOLEAN, text('duckdb'), text('athena'), parts);
  }

  #case(node: SqlNode, place: number | undefined): Typed {
    const checks = node.case_checks as { when_expr: SqlNode; then_expr: SqlNode }[];
    const whens = checks.map((c) =>
      requireBoolean(this.translate(c.when_expr), 'a condition of CASE', place),
    );
    const otherwise = this.translate(node.else_expr as SqlNode);
    const { type, values } = unify(
      [...checks.map((c) => this.translate(c.then_expr)), otherwise],
      'CASE',
      place,
    );
    const text = (e: 'duckdb' | 'athena'): string => {
      const branches = whens.map((w, i) => `WHEN ${w[e]} THEN ${values[i]![e]}`);
      return `CASE ${branches.join(' ')} ELSE ${values.at(-1)![e]} END`;
    };
    return combine(type, text('duckdb'), text('athena'), [...whens, ...values]);
  }

  #cast(node: SqlNode, place: number | undefined): Typed {
    const { id, type_info } = node.cast_type as {
      id: string;
      type_info: { width?: string; scale?: string } | null;
    };
    const child = node.child as SqlNode;
    const text = textLiteral(child);
    // `true` and `DATE '…'` are casts of text in the tree.
    if (id === 'BOOLEAN' && (text === 't' || text === 'f')) return booleanLiteral(text === 't');
    if (text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && id === 'DATE')
      return timeLiteral('date', text);
    if (text !== undefined && id === 'TIMESTAMP') return timeLiteral('timestamp', text);
    const to = castTarget(id, type_info);
    if (!to)
      throw new RuleProblem(`cannot cast to ${id.toLowerCase()}`, 'use one of the types of columns', place);
    return castExpression(this.translate(child), to, node.try_cast === true, place);
  }

  #operator(node: SqlNode, place: number | undefined): Typed {
    const parts = this.#all(node.children);
    const [first] = parts;
    const postfix = (text: string): Typed =>
      combine(BOOLEAN, `(${first!.duckdb} ${text})`, `(${first!.athena} ${text})`, parts);
    switch (node.type) {
      case 'OPERATOR_IS_NULL':
        return postfix('IS NULL');
      case 'OPERATOR_IS_NOT_NULL':
        return postfix('IS NOT NULL');
      case 'OPERATOR_NOT':
        requireBoolean(first!, 'NOT', place);
        return combine(BOOLEAN, `(NOT ${first!.duckdb})`, `(NOT ${first!.athena})`, parts);
      case 'OPERATOR_COALESCE':
        return variadic('coalesce', parts, place);
      case 'COMPARE_IN':
      case 'COMPARE_NOT_IN': {
        requireComparable(parts, 'IN', place);
        const { values } = unify(parts, 'IN', place);
        const word = node.type === 'COMPARE_IN' ? 'IN' : 'NOT IN';
        const text = (e: 'duckdb' | 'athena'): string => {
          const [value, ...list] = values.map((v) => v[e]);
          return `(${value!} ${word} (${list.join(', ')}))`;
        };
        return combine(BOOLEAN, text('duckdb'), text('athena'), parts);
      }
      case 'ARRAY_EXTRACT':
        throw new RuleProblem(
          'a subscript',
          'write element_at(x, n): one engine fails beyond the end',
          place,
        );
      default:
        return unknown(node.type.toLowerCase().replace('operator_', ''), place);
    }
  }

  #function(node: SqlNode, place: number | undefined): Typed {
    const name = String(node.function_name).toLowerCase();
    const children = nodes(node.children);
    const interval = INTERVALS[name];
    if (interval !== undefined) return intervalLiteral(interval, children[0]);
    if (node.schema !== '' && node.schema !== 'main') {
      throw new RuleProblem(`${String(node.schema)}.${name} names a schema`, `write ${name}(x)`, place);
    }
    const orders = (node.order_bys as { orders?: unknown[] } | null)?.orders ?? [];
    if (orders.length > 0) throw new RuleProblem(`${name}(… ORDER BY …)`, 'leave ORDER BY out', place);
    const args = this.#all(children);
    const filter = node.filter ? this.translate(node.filter as SqlNode) : undefined;
    const distinct = node.distinct === true;
    if (isAggregate(name)) return aggregate({ name, args, distinct, ...(filter ? { filter } : {}), place });
    if (filter || distinct)
      throw new RuleProblem(`${name} is no aggregate`, 'leave FILTER and DISTINCT out', place);
    return call(name, args, children, place);
  }
}

function call(name: string, args: Typed[], children: SqlNode[], place: number | undefined): Typed {
  const [left, right, escape] = args;
  if (['+', '-', '*', '/', '%'].includes(name)) {
    if (args.length === 1 && name === '-') return negate(left!, place);
    if (args.length === 2) return arithmetic(name, left!, right!, place);
  }
  const like = LIKES[name];
  if (like !== undefined) return likeExpression(like, left!, right!, escape, place);
  switch (name) {
    case '||':
    case 'concat':
      if (args.length < 2) throw new RuleProblem('concat has one argument', 'give it 2 or more', place);
      return concatenate(args, place);
    case 'nullif':
      if (args.length !== 2) throw new RuleProblem(`nullif has ${args.length} arguments`, 'give it 2', place);
      return nullIf(left!, right!, place);
    case 'greatest':
    case 'least':
      requireComparable(args, name, place);
      if (args.length < 2 || args.length > 4)
        throw new RuleProblem(`${name} has ${args.length} arguments`, 'give it 2 to 4', place);
      return variadic(name, args, place, `athena.${name}`);
    case 'date_part': {
      const field = textLiteral(children[0])?.toLowerCase() ?? '';
      const as = EXTRACT_FIELDS[field];
      if (as === undefined) {
        const remedy = `write one of ${Object.keys(EXTRACT_FIELDS).join(', ')}, or a function such as day_of_week(x)`;
        throw new RuleProblem(`extract(${field} FROM …) is not in the subset`, remedy, place);
      }
      return callFunction(as, args.slice(1), place);
    }
    case 'timezone':
      // `x AT TIME ZONE zone`: the tree has the zone first.
      return callFunction('at_timezone', [right!, left!], place);
    default:
      return callFunction(name, args, place);
  }
}

/** The left value unless the two are equal; of the left one's type, also when the right one is of a wider type. */
function nullIf(left: Typed, right: Typed, place: number | undefined): Typed {
  const equal = compare('=', left, right, place);
  const same = typeName(left.type) === typeName(right.type);
  const text = (e: 'duckdb' | 'athena'): string =>
    same ? `nullif(${left[e]}, ${right[e]})` : `CASE WHEN ${equal[e]} THEN NULL ELSE ${left[e]} END`;
  return { ...combine(left.type, text('duckdb'), text('athena'), [left, right]), nonZero: isZero(right) };
}

const isZero = (value: Typed | undefined): boolean =>
  value?.literal !== undefined && Number(value.literal) === 0;

function variadic(name: string, parts: Typed[], place: number | undefined, duckdb = name): Typed {
  const { type, values } = unify(parts, name, place);
  const list = (e: 'duckdb' | 'athena'): string => values.map((v) => v[e]).join(', ');
  return combine(type, `${duckdb}(${list('duckdb')})`, `${name}(${list('athena')})`, parts);
}

function likeExpression(
  word: string,
  text: Typed,
  pattern: Typed,
  escape: Typed | undefined,
  place: number | undefined,
): Typed {
  const bad = [text, pattern].find((v) => v.type.kind !== 'string');
  if (bad) throw new RuleProblem(`LIKE compares ${typeName(bad.type)}`, 'compare text with LIKE', place);
  if (escape && (escape.literal?.length !== 1 || pattern.literal === undefined)) {
    throw new RuleProblem(
      'ESCAPE needs a literal pattern and one character',
      `write x LIKE '50!%%' ESCAPE '!'`,
      place,
    );
  }
  const sql = (e: 'duckdb' | 'athena'): string =>
    `(${text[e]} ${word} ${pattern[e]}${escape ? ` ESCAPE ${escape[e]}` : ''})`;
  return combine(BOOLEAN, sql('duckdb'), sql('athena'), [text, pattern]);
}

/** The tree wraps the amount in casts; the spelling check saw that it is a literal. */
function intervalLiteral(unit: string, node: SqlNode | undefined): Typed {
  let amount = node;
  while (amount && textLiteral(amount) === undefined) {
    amount = (amount.child as SqlNode | undefined) ?? nodes(amount.children)[0];
  }
  const text = textLiteral(amount);
  if (text === undefined)
    throw new RuleProblem('an interval without a literal', `write INTERVAL '90' MINUTE, or date_add`);
  const sql = `INTERVAL '${text}' ${unit}`;
  return { type: { kind: 'interval' }, duckdb: sql, athena: sql, aggregate: false, readsRow: false };
}

function unknown(what: string, place: number | undefined): never {
  throw new RuleProblem(`${what} is not in the subset`, 'leave it out', place);
}
