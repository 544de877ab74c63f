/** A column's type, as the plan carries it. `timestamp` is UTC, without zone, to the millisecond. */
export type ColumnType =
  | { kind: 'boolean' | 'int' | 'long' | 'float' | 'double' | 'date' | 'timestamp' | 'string' | 'binary' }
  | { kind: 'decimal'; precision: number; scale: number }
  | { kind: 'list'; element: ColumnType; elementRequired: boolean }
  | { kind: 'map'; key: ColumnType; value: ColumnType; valueRequired: boolean }
  | { kind: 'struct'; fields: PlanColumn[] };

/** What a record must satisfy beyond its type; a record that does not goes to quarantine. */
export interface ColumnRules {
  oneOf?: (string | number)[];
  min?: number;
  max?: number;
  minLength?: number;
  maxLength?: number;
  /** An RE2 expression that the whole value must match. */
  pattern?: string;
}

export interface PlanColumn {
  name: string;
  type: ColumnType;
  required: boolean;
  doc?: string;
  rules?: ColumnRules;
  /** What the column was called before: deployed tables rename theirs and keep its values. */
  renamedFrom?: string;
}

/** A column as a definition writes it: the name is its key. */
export type Column = Omit<PlanColumn, 'name'>;

export interface ColumnOptions {
  /** @default false: a record without the value is quarantined */
  optional?: boolean;
  doc?: string;
  /**
   * The column's earlier name: deployed tables rename the column and keep its values, instead of losing one and adding
   * another. May stay for ever: where no column has the earlier name, it means nothing.
   */
  renamedFrom?: string;
}
type WithRules<K extends keyof ColumnRules> = ColumnOptions & Pick<ColumnRules, K>;

function make(type: ColumnType, options: ColumnOptions & ColumnRules = {}): Column {
  const { optional = false, doc, renamedFrom, ...rules } = options;
  return {
    type,
    required: !optional,
    ...(doc === undefined ? {} : { doc }),
    ...(renamedFrom === undefined ? {} : { renamedFrom }),
    ...(Object.keys(rules).length === 0 ? {} : { rules }),
  };
}

/**
 * The columns of streams and references.
 *
 * @example
 * columns: {
 *   order_id: column.string(),
 *   status: column.string({ oneOf: ['open', 'paid'] }),
 *   amount: column.decimal(12, 2, { min: 0 }),
 *   lines: column.list(column.struct({ sku: column.string(), quantity: column.int() }), { optional: true }),
 * }
 */
export const column = {
  boolean: (o?: ColumnOptions) => make({ kind: 'boolean' }, o),
  /** 32 bits. */
  int: (o?: WithRules<'oneOf' | 'min' | 'max'>) => make({ kind: 'int' }, o),
  /** 64 bits; beyond 2^53 write it in JSON as a number or as text, both are exact. */
  long: (o?: WithRules<'min' | 'max'>) => make({ kind: 'long' }, o),
  float: (o?: WithRules<'min' | 'max'>) => make({ kind: 'float' }, o),
  double: (o?: WithRules<'min' | 'max'>) => make({ kind: 'double' }, o),
  /** `precision` digits in all (1 to 38), `scale` of them after the point; more digits than that are refused, never rounded. */
  decimal: (precision: number, scale: number, o?: WithRules<'min' | 'max'>) =>
    make({ kind: 'decimal', precision, scale }, o),
  /** `YYYY-MM-DD`. */
  date: (o?: ColumnOptions) => make({ kind: 'date' }, o),
  /** ISO 8601 with a zone (`2013-01-01T10:15:00Z`, `…+01:00`), kept in UTC to the millisecond. */
  timestamp: (o?: ColumnOptions) => make({ kind: 'timestamp' }, o),
  string: (o?: WithRules<'oneOf' | 'minLength' | 'maxLength' | 'pattern'>) => make({ kind: 'string' }, o),
  /** Base64 in JSON. */
  binary: (o?: ColumnOptions) => make({ kind: 'binary' }, o),
  list: (element: Column, o?: ColumnOptions) =>
    make({ kind: 'list', element: element.type, elementRequired: element.required }, o),
  /** A JSON object whose keys are the map's keys. */
  map: (value: Column, o?: ColumnOptions) =>
    make({ kind: 'map', key: { kind: 'string' }, value: value.type, valueRequired: value.required }, o),
  struct: (fields: Record<string, Column>, o?: ColumnOptions) =>
    make({ kind: 'struct', fields: Object.entries(fields).map(([name, c]) => ({ name, ...c })) }, o),
};

/** The type as an analyst writes it in Athena: `varchar`, `decimal(9,2)`, `row(a varchar)`. */
export function athenaType(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
    case 'double':
    case 'date':
      return type.kind;
    case 'int':
      return 'integer';
    case 'long':
      return 'bigint';
    case 'float':
      return 'real';
    case 'timestamp':
      return 'timestamp(3)';
    case 'string':
      return 'varchar';
    case 'binary':
      return 'varbinary';
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'list':
      return `array(${athenaType(type.element)})`;
    case 'map':
      return `map(${athenaType(type.key)},${athenaType(type.value)})`;
    case 'struct':
      return `row(${type.fields.map((f) => `"${f.name}" ${athenaType(f.type)}`).join(', ')})`;
  }
}
