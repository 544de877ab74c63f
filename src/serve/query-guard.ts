import { TidemarkError } from '../errors.ts';
import { pointAt } from './query-error.ts';
import { children, isNode, type SqlNode } from './query-tree.ts';

/** Table functions that make rows of their arguments and read nothing. */
const TABLE_FUNCTIONS = new Set(['unnest', 'generate_series', 'range']);

/** Functions that act, wait, or tell of the machine. The engine's own locks stand behind this list. */
const REFUSED_FUNCTIONS = new Set([
  'add_parquet_key',
  'current_connection_id',
  'current_query',
  'current_query_id',
  'current_setting',
  'current_transaction_id',
  'currval',
  'getenv',
  'getvariable',
  'json_serialize_plan',
  'nextval',
  'parse_duckdb_log_message',
  'pg_sleep',
  'query',
  'query_table',
  'set_config',
  'setseed',
  'sleep_ms',
  'stats',
  'txid_current',
  'write_log',
]);
const REFUSED_PREFIXES = [
  'read_',
  'duckdb_',
  'pragma_',
  'pg_',
  '__internal_',
  'parquet_',
  'enable_',
  'disable_',
];

/** A table that a query names. */
export interface Mention {
  catalog: string;
  schema: string;
  table: string;
  /** Place of the name in the text. */
  at: number;
  aliased: boolean;
  /** The condition that every row of this mention must meet; only where the table stands alone behind FROM. */
  where?: SqlNode;
}

/** A call of a scalar or aggregate function by its plain name. */
export interface Call {
  name: string;
  at: number;
  /** True when it has DISTINCT, FILTER, ORDER BY or a lambda, which a macro cannot take. */
  special: boolean;
}

/** What a query reads and calls. */
export interface QueryParts {
  mentions: Mention[];
  calls: Call[];
  /** Columns named with schema and table, such as `silver.flights.carrier`: place and parts. */
  longColumns: { at: number; parts: string[] }[];
}

/** Places in text by bytes, as the tree has them, to places by UTF-16 units. */
function placer(sql: string): (bytes: number | undefined) => number {
  const ascii = Buffer.byteLength(sql) === sql.length;
  const bytes = ascii ? undefined : Buffer.from(sql);
  return (place) => {
    if (place === undefined) return -1;
    return bytes ? bytes.subarray(0, place).toString('utf8').length : place;
  };
}

class Guard {
  readonly parts: QueryParts = { mentions: [], calls: [], longColumns: [] };
  /** Nodes seen that read rows. */
  readers = 0;
  readonly #shown: string;
  readonly #place: (bytes: number | undefined) => number;

  constructor(sql: string, shown: string) {
    this.#shown = shown;
    this.#place = placer(sql);
  }

  #refuse(node: SqlNode, what: string, remedy: string): TidemarkError {
    const at = this.#place(node.query_location);
    return new TidemarkError('refused', `${what} in a query${at < 0 ? '' : pointAt(this.#shown, at)}`, {
      context: at < 0 ? {} : { position: at },
      remedy,
    });
  }

  /** A SELECT, a set operation or a recursive query; `names` are the CTEs that it may name. */
  query(node: SqlNode, names: ReadonlySet<string>): void {
    const known = new Set(names);
    if (node.type === 'RECURSIVE_CTE_NODE') known.add(String(node.cte_name).toLowerCase());
    const map = isNode(node.cte_map) && Array.isArray(node.cte_map.map) ? node.cte_map.map : [];
    for (const { key, value } of map as { key: string; value: { query: { node: SqlNode } } }[]) {
      this.query(value.query.node, known);
      known.add(key.toLowerCase());
    }
    switch (node.type) {
      case 'SELECT_NODE':
        this.#select(node, known);
        break;
      case 'SET_OPERATION_NODE':
      case 'RECURSIVE_CTE_NODE':
        for (const side of [
          node.left,
          node.right,
          ...(Array.isArray(node.children) ? (node.children as unknown[]) : []),
        ])
          if (isNode(side)) this.query(side, known);
        break;
      default:
        throw this.#refuse(node, `${String(node.type)} is not answered`, 'write a SELECT');
    }
    if (Array.isArray(node.modifiers))
      (node.modifiers as SqlNode[]).forEach((m) => this.#expression(m, known));
  }

  #select(node: SqlNode, known: ReadonlySet<string>): void {
    const from = node.from_table;
    // These have been walked, or are walked by their own rules.
    const rest = { ...node, from_table: undefined, cte_map: undefined, modifiers: undefined };
    const where = isNode(node.where_clause) && node.sample === undefined ? node.where_clause : undefined;
    if (isNode(from)) this.#reference(from, known, where);
    for (const part of children(rest)) this.#expression(part, known);
  }

  #reference(node: SqlNode, known: ReadonlySet<string>, where?: SqlNode): void {
    switch (node.type) {
      case 'EMPTY':
        return;
      case 'BASE_TABLE':
        this.readers++;
        this.#table(node, known, where);
        return;
      case 'SUBQUERY':
        this.query((node.subquery as { node: SqlNode }).node, known);
        return;
      case 'JOIN':
        this.#reference(node.left as SqlNode, known);
        this.#reference(node.right as SqlNode, known);
        if (isNode(node.condition)) this.#expression(node.condition, known);
        return;
      case 'EXPRESSION_LIST':
        children(node).forEach((value) => this.#expression(value, known));
        return;
      case 'TABLE_FUNCTION':
        this.readers++;
        this.#tableFunction(node, known);
        return;
      default:
        throw this.#refuse(
          node,
          `${String(node.type).replace('_REF', '')} is not answered`,
          'write it as a plain SELECT',
        );
    }
  }

  #table(node: SqlNode, known: ReadonlySet<string>, where?: SqlNode): void {
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    const [catalog, schema, table] = [node.catalog_name, node.schema_name, node.table_name].map(text);
    if (schema === '' && known.has(table!.toLowerCase())) return;
    if (node.at_clause !== undefined)
      throw this.#refuse(
        node,
        'AT (…) is not answered',
        'write FOR VERSION AS OF or FOR TIMESTAMP AS OF, as in Athena',
      );
    this.parts.mentions.push({
      catalog: catalog!,
      schema: schema!,
      table: table!,
      at: this.#place(node.query_location),
      aliased: text(node.alias) !== '' || node.column_name_alias !== undefined,
      ...(where && node.sample === undefined ? { where } : {}),
    });
  }

  #tableFunction(node: SqlNode, known: ReadonlySet<string>): void {
    const call = node.function as SqlNode;
    const name = String(call.function_name).toLowerCase();
    if (!TABLE_FUNCTIONS.has(name))
      throw this.#refuse(
        node,
        `the table function ${name} is refused`,
        `name a table of the lakehouse; only ${[...TABLE_FUNCTIONS].join(', ')} are answered`,
      );
    children(call).forEach((argument) => this.#expression(argument, known));
  }

  #expression(node: SqlNode, known: ReadonlySet<string>): void {
    if (node.class === 'PARAMETER')
      throw this.#refuse(node, 'a parameter is not answered', 'write the value');
    if (node.class === 'SUBQUERY') {
      this.query((node.subquery as { node: SqlNode }).node, known);
      if (isNode(node.child)) this.#expression(node.child, known);
      return;
    }
    if (node.class === 'FUNCTION' || node.class === 'WINDOW') this.#call(node);
    if (node.class === 'COLUMN_REF' && Array.isArray(node.column_names) && node.column_names.length > 2)
      this.parts.longColumns.push({
        at: this.#place(node.query_location),
        parts: node.column_names as string[],
      });
    children(node).forEach((child) => this.#expression(child, known));
  }

  #call(node: SqlNode): void {
    const name = String(node.function_name).toLowerCase();
    if (REFUSED_FUNCTIONS.has(name) || REFUSED_PREFIXES.some((p) => name.startsWith(p)))
      throw this.#refuse(
        node,
        `the function ${name} is refused`,
        'queries read tables and compute; leave it out',
      );
    if (node.is_operator === true || typeof node.schema === 'string') return;
    const orders = isNode(node.order_bys) && Array.isArray(node.order_bys.orders);
    const lambda = children(node).some((child) => child.class === 'LAMBDA');
    const special =
      node.class === 'WINDOW' || node.distinct === true || isNode(node.filter) || orders || lambda;
    this.parts.calls.push({ name, at: this.#place(node.query_location), special });
  }
}

/** Every node that reads rows from somewhere, wherever it stands. */
function countReaders(node: SqlNode): number {
  const own = ['BASE_TABLE', 'TABLE_FUNCTION', 'SHOW_REF', 'PIVOT', 'COLUMN_DATA'].includes(
    String(node.type),
  );
  return children(node).reduce((sum, child) => sum + countReaders(child), Number(own));
}

/**
 * Allows what only reads tables and computes, and lists what a query reads and calls.
 * @throws kind `refused` for table functions, functions that act or tell of the machine, parameters, and constructs
 * that are no plain SELECT
 * @param shown the text as its author wrote it, for messages; as long as `sql`
 */
export function inspectQuery(sql: string, root: SqlNode, shown = sql): QueryParts {
  const guard = new Guard(sql, shown);
  guard.query(root, new Set());
  // What the walk above did not come by was not checked either.
  if (guard.readers !== countReaders(root))
    throw new TidemarkError('refused', 'the query reads from a place that is not answered', {
      remedy: 'write it with plain FROM, JOIN and subqueries',
    });
  return guard.parts;
}
