import { errorCode, TidemarkError, type ErrorKind } from '../src/errors.ts';

/** Exit codes for scripts: 1 is a failure of ours or of the machine. */
const CODES: Partial<Record<ErrorKind, number>> = { invalid: 2, notFound: 3, refused: 4, conflict: 4 };

/** The code and the words with which a command ends on an error; no stack trace for a user's mistake. */
export function explain(error: unknown): { code: number; text: string } {
  if (error instanceof TidemarkError) {
    const remedy = error.remedy === undefined ? '' : `\n  ${error.remedy}`;
    const code = CODES[error.kind] ?? 1;
    const stack = error.kind === 'internal' ? `\n${error.stack ?? ''}` : '';
    return { code, text: `error: ${error.message}${remedy}${stack}` };
  }
  if (errorCode(error) === 'EADDRINUSE')
    return { code: 4, text: `error: ${String(error)}\n  choose another port with --port or --console-port` };
  return { code: 1, text: `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
}
