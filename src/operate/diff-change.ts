import type { SchemaChange } from '../iceberg/schema-change.ts';

/** What a change of the definition is to a deployed table. */
export type ChangeKind =
  | 'created'
  | 'table renamed'
  | 'table gone'
  | 'column added'
  | 'column restored'
  | 'column kept'
  | 'renamed'
  | 'widened'
  | 'made optional'
  | 'described'
  | 'reordered'
  | 'dropped'
  | 'incompatible type'
  | 'key changed'
  | 'mode changed'
  | 'group changed'
  | 'Gold groups changed'
  | 'version changed'
  | 'rule changed'
  | 'partial history';

/** One difference between a definition and what is deployed. */
export interface PlanChange {
  /** `database.table`. */
  table: string;
  kind: ChangeKind;
  /** Dotted inside structs. */
  column?: string;
  /** A breaking change is refused until it is allowed by name. */
  impact: 'safe' | 'breaking';
  /** What it does to the deployed table and its data. */
  effect: string;
  /** What to write to allow a breaking change. */
  allow?: string;
}

/** A difference with the schema changes that carry it out, in the order in which they apply. */
export interface Step extends PlanChange {
  schema: readonly SchemaChange[];
}

/** Makes the steps of one table. */
export class Steps {
  readonly all: Step[] = [];
  readonly #table: string;

  constructor(table: string) {
    this.#table = table;
  }

  safe(kind: ChangeKind, column: string | undefined, effect: string, ...schema: SchemaChange[]): void {
    this.all.push({ ...this.#step(kind, column, effect, schema), impact: 'safe' });
  }

  /** @param code what is allowed by name, after the table's: `drop:temp` */
  breaking(
    kind: ChangeKind,
    column: string | undefined,
    code: string,
    effect: string,
    ...schema: SchemaChange[]
  ): void {
    const step = this.#step(kind, column, effect, schema);
    this.all.push({ ...step, impact: 'breaking', allow: `${this.#table}.${code}` });
  }

  #step(
    kind: ChangeKind,
    column: string | undefined,
    effect: string,
    schema: SchemaChange[],
  ): Omit<Step, 'impact'> {
    return { table: this.#table, kind, ...(column === undefined ? {} : { column }), effect, schema };
  }
}
