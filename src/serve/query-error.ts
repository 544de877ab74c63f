import { isStatementError } from '../engine/engine-error.ts';
import { isKind, TidemarkError } from '../errors.ts';
import type { EditedText } from './text-edit.ts';

const SHOWN = 100;

/** The line of `sql` around `at`, and a caret under it. */
export function pointAt(sql: string, at: number): string {
  const start = sql.lastIndexOf('\n', at - 1) + 1;
  const end = sql.indexOf('\n', at);
  const line = sql.slice(start, end < 0 ? sql.length : end);
  const number = sql.slice(0, start).split('\n').length;
  const from = Math.max(0, at - start - SHOWN / 2);
  const head = `LINE ${number}: ${from > 0 ? '…' : ''}`;
  return `\n${head}${line.slice(from, from + SHOWN)}\n${' '.repeat(head.length + at - start - from)}^`;
}

/** Where the engine points, in the text as the analyst wrote it. */
function placeOf(error: TidemarkError, run: EditedText): number | undefined {
  const { line, near } = error.context;
  if (typeof line !== 'number' || typeof near !== 'string' || near === '') return undefined;
  const before = run.text.split('\n').slice(0, line - 1);
  const start = before.reduce((sum, l) => sum + l.length + 1, 0);
  const at = run.text.indexOf(near, start);
  return at < 0 ? undefined : run.original(at);
}

function whatOf(error: TidemarkError): string {
  return error.message.replace(/^SQL: /, '').replace(/ \(line \d+, near "[^]*"\)$/, '');
}

/**
 * An engine's error about a query, for the one who wrote it: the statement's own faults become kind `invalid`, with
 * the place in their text.
 */
export function queryError(error: unknown, sql: string, run: EditedText, memoryLimit: string): unknown {
  if (!(error instanceof TidemarkError)) return error;
  const engine = String(error.context.engine);
  if (engine === 'Out of Memory')
    return new TidemarkError('refused', `the query needs more than ${memoryLimit} of memory`, {
      remedy: 'select fewer rows or columns, or raise the memory limit of queries',
      cause: error,
    });
  if (!isKind(error, 'invalid') && !isStatementError(error)) return error;
  const at = placeOf(error, run);
  const point = at === undefined ? '' : pointAt(sql, at);
  return new TidemarkError('invalid', `SQL: ${whatOf(error)}${point}`, {
    context: { engine, ...(at === undefined ? {} : { position: at }) },
    remedy: error.remedy ?? 'correct the statement; DESCRIBE <table> shows the columns of a table',
    cause: error,
  });
}
