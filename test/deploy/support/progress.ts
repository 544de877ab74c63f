import { writeSync } from 'node:fs';

const began = Date.now();

/** One line of progress, past Jest's own console, which would hold it back and add where it came from. */
export function say(text: string): void {
  writeSync(2, `[${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s] ${text}\n`);
}
