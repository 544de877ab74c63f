const SCALARS: Readonly<Record<string, string>> = {
  TINYINT: 'tinyint',
  SMALLINT: 'smallint',
  INTEGER: 'integer',
  BIGINT: 'bigint',
  HUGEINT: 'decimal(38,0)',
  FLOAT: 'real',
  DOUBLE: 'double',
  BOOLEAN: 'boolean',
  VARCHAR: 'varchar',
  BLOB: 'varbinary',
  DATE: 'date',
  TIMESTAMP: 'timestamp(3)',
  TIMESTAMP_MS: 'timestamp(3)',
  TIMESTAMP_S: 'timestamp(0)',
  'TIMESTAMP WITH TIME ZONE': 'timestamp(3) with time zone',
  '"NULL"': 'unknown',
};

/** The parts of `a, b(c, d)` between commas that are in no parentheses or quotes. */
function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') quoted = !quoted;
    if (quoted) continue;
    if (c === '(') depth++;
    if (c === ')') depth--;
    if (c === ',' && depth === 0) {
      found.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return [...found, text.slice(start).trim()];
}

/** Athena's name of a type that DuckDB names. */
export function resultType(type: string): string {
  const scalar = SCALARS[type];
  if (scalar !== undefined) return scalar;
  if (type.endsWith('[]')) return `array(${resultType(type.slice(0, -2))})`;
  const [, kind = '', inner = ''] = /^(MAP|STRUCT)\(([^]*)\)$/.exec(type) ?? [];
  if (kind === 'MAP') return `map(${parts(inner).map(resultType).join(',')})`;
  if (kind === 'STRUCT') {
    const fields = parts(inner).map((field) => {
      const [, name = '', of = ''] = /^("(?:[^"]|"")*"|\S+) ([^]*)$/.exec(field) ?? [];
      return `${name} ${resultType(of)}`;
    });
    return `row(${fields.join(', ')})`;
  }
  return type.toLowerCase();
}
