import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { TidemarkError } from '../../src/errors.ts';
import type { Period } from './sources.ts';

/** The header and the rows of the period of a source file, byte for byte. */
export async function* extractLines(path: string, period: Period): AsyncGenerator<string> {
  let isInPeriod: ((fields: string[]) => boolean) | undefined;
  for await (const line of csvLines(path)) {
    const fields = line.split(',');
    if (isInPeriod === undefined) {
      isInPeriod = periodTest(path, fields, period);
      yield `${line}\n`;
    } else if (isInPeriod(fields)) {
      yield `${line}\n`;
    }
  }
}

function periodTest(path: string, header: string[], period: Period): (fields: string[]) => boolean {
  const year = header.indexOf('year');
  const month = header.indexOf('month');
  if (year === -1 || month === -1) {
    throw new TidemarkError('invalid', 'a source file without year and month', { context: { path, header } });
  }
  return (fields) =>
    Number(fields[year]) === period.year &&
    (period.month === undefined || Number(fields[month]) === period.month);
}

function csvLines(path: string): AsyncIterable<string> {
  const file = createReadStream(path);
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  return createInterface({ input, crlfDelay: Infinity });
}
