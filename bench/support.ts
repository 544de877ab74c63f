import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { Log } from '../src/ports/log.ts';

/** Numbers from the command line: `--rounds 20`. */
export function options<T extends Record<string, number>>(defaults: T): T {
  const config = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options: config });
  const read = Object.entries(values).map(([name, text]) => {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Error(`--${name} is not a number: ${String(text)}`);
    return [name, value];
  });
  return { ...defaults, ...(Object.fromEntries(read) as Partial<T>) };
}

/** A temporary folder that is gone afterwards. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Cost {
  /** Seconds on the clock, and of CPU time over all threads of the process. */
  wall: number;
  cpu: number;
}

export async function cost(work: () => Promise<unknown>): Promise<Cost> {
  const began = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - began) / 1000, cpu: (user + system) / 1e6 };
}

export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export const peakMegabytes = (): number => process.resourceUsage().maxRSS / 1024;

/** Prints rows under a header, numbers to the right. */
export function print(title: string, header: string[], rows: (string | number)[][]): void {
  const text = (v: string | number): string =>
    typeof v === 'string'
      ? v
      : v.toLocaleString('en-US', { maximumFractionDigits: Math.abs(v) < 10 ? 2 : 0 });
  const cells = [header, ...rows.map((row) => row.map(text))];
  const widths = header.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  console.log(`\n${title}`);
  for (const row of cells)
    console.log(
      `  ${row.map((c, i) => (i === 0 ? c.padEnd(widths[i]!) : c.padStart(widths[i]!))).join('  ')}`,
    );
}

const say = (message: string, fields?: Record<string, unknown>): void => console.error(message, fields ?? '');
const ignore = (): void => undefined;
export const benchLog: Log = { debug: ignore, info: ignore, warn: say, error: say };
