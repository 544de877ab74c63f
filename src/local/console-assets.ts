import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** A plain name: no folder, no dot at the start, nothing that leads out of the folder. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9-]*(?:\.(?:esm|min))?(\.(?:css|js|svg|html))$/;
const UPLOT = new Set(['uPlot.esm.js', 'uPlot.min.css']);

export interface Asset {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
}

function uplotFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve('uplot'));
}

/**
 * Reads a file of the page: from `folder`, or from the chart library.
 * @returns undefined when there is no such file
 */
export async function readAsset(folder: string, name: string): Promise<Asset | undefined> {
  const extension = NAME.exec(name)?.[1];
  if (extension === undefined) return undefined;
  const file = path.join(UPLOT.has(name) ? uplotFolder() : folder, name);
  try {
    return { bytes: Uint8Array.from(await readFile(file)), type: TYPES[extension] ?? 'text/plain' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
