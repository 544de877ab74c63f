import { TidemarkError, type ErrorKind } from '../errors.ts';

/**
 * What each class of DuckDB error means for the one who ran the statement. Only values of rows are `invalid`:
 * a missing table or a typing error in a statement of ours must never send good records to quarantine.
 */
const KINDS: Readonly<Record<string, ErrorKind>> = {
  Conversion: 'invalid',
  'Out of Range': 'invalid',
  'Invalid Input': 'invalid',
  Constraint: 'invalid',
  'Mismatch Type': 'invalid',
  'Invalid Type': 'invalid',
  Decimal: 'invalid',
  'Divide by Zero': 'invalid',
  'Out of Memory': 'unavailable',
  IO: 'unavailable',
  INTERRUPT: 'unavailable',
  Permission: 'refused',
};
const REMEDIES: Readonly<Record<string, string>> = {
  'Out of Memory': 'raise the memory limit of the engine, or give it a directory for temporary files',
  Permission: 'read files only from the directories that the engine was opened with',
};
const STATEMENT_ERRORS = new Set(['Parser', 'Syntax', 'Binder', 'Catalog', 'Not implemented']);

/** Where in the statement DuckDB points: 1-based line and the text that begins there. */
function pointedAt(message: string): { line: number; near: string } | undefined {
  const pointer = /LINE (\d+): (.*)\n( *)\^/.exec(message);
  if (!pointer) return undefined;
  const [, line = '', text = '', indent = ''] = pointer;
  const from = indent.length - `LINE ${line}: `.length;
  return { line: Number(line), near: text.slice(Math.max(0, from)).trim().slice(0, 40) };
}

/** The native module may make its errors in another realm, where they are no instances of our Error. */
function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}

/** A DuckDB error in the project's terms: what is wrong and where in the statement, without the whole statement. */
export function engineError(error: unknown): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const message = messageOf(error);
  const [, kind = '', rest = message] = /^([A-Za-z][A-Za-z ]*?) Error: ([^]*)$/.exec(message) ?? [];
  const locked = /configuration has been locked/.test(message);
  const at = pointedAt(message);
  const what = rest
    .split('\n\n')[0]!
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
  const place = at ? ` (line ${at.line}, near "${at.near}")` : '';
  const remedy = REMEDIES[kind];
  return new TidemarkError(locked ? 'refused' : (KINDS[kind] ?? 'internal'), `SQL: ${what}${place}`, {
    context: { engine: kind, ...at },
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  });
}

/**
 * True when the statement itself is wrong (grammar, an unknown name, a type that does not fit), whatever the rows.
 * Whoever runs statements that people wrote turns these into messages for them.
 */
export function isStatementError(error: unknown): error is TidemarkError {
  return error instanceof TidemarkError && STATEMENT_ERRORS.has(String(error.context.engine));
}
