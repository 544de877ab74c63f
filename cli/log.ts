import type { Log } from '../src/ports/log.ts';
import { TidemarkError } from '../src/errors.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** Log lines on standard error: a sentence, then fields; an error's kind and message, not its stack. */
export function terminalLog(least: Level): Log {
  const write =
    (level: Level) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
      const text = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`);
      process.stderr.write(`${level}: ${[message, ...text].join(' ')}\n`);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function plain(value: unknown): string {
  if (value instanceof TidemarkError) return `${value.kind}: ${value.message}`;
  if (value instanceof Error) return value.message;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
