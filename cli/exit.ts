import { errorCode, TidemarkError, type ErrorKind } from '../src/errors.ts';

/** Exit codes for scripts: 1 is a failure of ours or of the machine. */
const CODES: Partial<Record<ErrorKind, number>> = { invalid: 2, notFound: 3, refused: 4, conflict: 4 };

const FREE_SPACE = 'free some space and start again: nothing is lost, it goes on where it was';

/** What a failure of the system means for a user, by its code. */
const SYSTEM: Record<
  string,
  (error: NodeJS.ErrnoException & { port?: number }) => { code: number; text: string }
> = {
  EADDRINUSE: ({ port }) => ({
    code: 4,
    text: `error: port ${port} is in use\n  choose another one with --port (Kinesis) or --console-port; 0 takes a free one`,
  }),
  ENOENT: ({ path }) => ({ code: 3, text: `error: there is no file ${path}` }),
  EACCES: ({ path }) => ({ code: 2, text: `error: ${path} may not be opened: permission denied` }),
  EISDIR: ({ path }) => ({ code: 2, text: `error: ${path ?? 'the path'} is a folder, not a file` }),
  ENOSPC: () => ({
    code: 1,
    text: `error: the disk is full\n  ${FREE_SPACE}`,
  }),
};

/** The system error behind an error, if there is one. */
function systemCause(error: unknown): NodeJS.ErrnoException | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if ((errorCode(at) ?? '') in SYSTEM) return at;
  return undefined;
}

/** True for the embedded database's word that it could not write: it says so with a code of its own. */
const isCommitFailure = (error: unknown): boolean => error instanceof Error && 'commitError' in error;

/** The code and the words with which a command ends on an error; no stack trace for a user's mistake. */
export function explain(error: unknown): { code: number; text: string } {
  if (error instanceof TidemarkError) {
    const remedy = error.remedy === undefined ? '' : `\n  ${error.remedy}`;
    const code = CODES[error.kind] ?? 1;
    const stack = error.kind === 'internal' ? `\n${error.stack ?? ''}` : '';
    return { code, text: `error: ${error.message}${remedy}${stack}` };
  }
  if (isCommitFailure(error))
    return {
      code: 1,
      text: `error: the database of the lakehouse cannot be written; is the disk full?\n  ${FREE_SPACE}`,
    };
  const system = systemCause(error);
  if (system) return SYSTEM[errorCode(system)!]!(system);
  return {
    code: 1,
    text: `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  };
}
