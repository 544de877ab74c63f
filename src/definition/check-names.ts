import type { Problems } from './problems.ts';

/** Glue takes 255 characters; the rest is left for database suffixes, view names and partition directories. */
const LIMITS = {
  lakehouse: 60,
  /** Kinesis takes 128 for lakehouse and stream together. */
  stream: 60,
  reference: 60,
  table: 200,
  column: 200,
  group: 60,
  join: 60,
  lookup: 60,
  alert: 60,
  channel: 60,
} as const;
export type Named = keyof typeof LIMITS;

/** Tables and views of our own, in every lakehouse. */
const RESERVED_TABLES = new Set(['quarantine', 'freshness', 'audit', 'ledger', 'tidemark']);
/** The relation that rules read, and names that could be taken for a schema in `name.column`. */
const RESERVED_LOOKUPS = new Set([
  'batch',
  'main',
  'temp',
  'memory',
  'system',
  'athena',
  'information_schema',
]);

function problemOf(kind: Named, name: string): [message: string, remedy: string] | undefined {
  if (name.startsWith('_'))
    return ["names that begin with _ are the system's", 'begin the name with a letter'];
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    const lower = name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
    const mended = lower.replaceAll(/[^a-z0-9_]+/g, '_').replace(/^[^a-z]+/, '');
    const suggestion = mended === '' ? '' : `, such as "${mended}"`;
    return [
      `"${name}" is not a name`,
      `use lower-case letters, digits and _, beginning with a letter${suggestion}`,
    ];
  }
  if (name.length > LIMITS[kind]) {
    return [`a ${kind} name of ${name.length} characters`, `use at most ${LIMITS[kind]}`];
  }
  if (kind === 'table' && RESERVED_TABLES.has(name))
    return [`"${name}" is a table of the system`, 'choose another name'];
  if (kind === 'lookup' && RESERVED_LOOKUPS.has(name))
    return [`"${name}" means something else in rules`, 'choose another name'];
  return undefined;
}

/** Reports a name that Athena, Glue or Kinesis would refuse, or that is ours. */
export function checkName(problems: Problems, path: string, kind: Named, name: string): void {
  const problem = problemOf(kind, name);
  if (problem) problems.add(path, name, ...problem);
}

/** Reports names that occur twice; `where` says of each where it was used first. */
export class NamesInUse {
  readonly #used = new Map<string, string>();
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** @param where what the name is, for the message of the next one: `the key` */
  use(path: string, name: string, where: string): void {
    const before = this.#used.get(name.toLowerCase());
    if (before === undefined) this.#used.set(name.toLowerCase(), where);
    else
      this.#problems.add(
        path,
        name,
        `"${name}" is already in ${before}`,
        'give it another name, or leave one out',
      );
  }
}
