import type { Plan } from '../src/definition/plan.ts';
import { tablesOf } from '../src/definition/tables.ts';
import { currentSchema, requireTable, type TableIo } from '../src/iceberg/index.ts';
import type { Destination } from '../src/ingest/stage.ts';
import { tableKey, type TableName } from '../src/ports/catalog.ts';

/** How long a table's schema is taken for known. Files name columns by id: an old schema makes no wrong file. */
const FRESH_MS = 60_000;

/**
 * Schemas of the tables that a processor writes to, with the columns of its plan only. While a deployment goes on, or
 * after a rollback, a table has columns that this plan's rule does not give: its files leave them out, and readers see
 * null.
 */
export class Destinations {
  readonly #io: TableIo;
  readonly #columns: Map<string, Set<string>>;
  readonly #known = new Map<string, { at: number; destination: Destination }>();

  constructor(io: TableIo, plan: Plan) {
    this.#io = io;
    this.#columns = new Map(
      tablesOf(plan).map((t) => [tableKey(t.name), new Set(t.columns.map((c) => c.name))]),
    );
  }

  async of(name: TableName): Promise<Destination> {
    const key = tableKey(name);
    const now = this.#io.clock.now();
    const known = this.#known.get(key);
    if (known && now - known.at < FRESH_MS) return known.destination;
    const schema = currentSchema((await requireTable(this.#io, name)).metadata);
    const wanted = this.#columns.get(key);
    const fields = schema.fields.filter((f) => wanted?.has(f.name) ?? true);
    const destination: Destination = { name, schema: { ...schema, fields } };
    this.#known.set(key, { at: now, destination });
    return destination;
  }
}
