import { column } from '../../../src/definition/column.ts';
import type { Column } from '../../../src/definition/column.ts';
import type { PlanStream } from '../../../src/definition/plan.ts';
import { compileContract } from '../../../src/ingest/contract.ts';
import type { ReadResult } from '../../../src/ingest/contract.ts';

/** A stream of the given columns, and its event time `at`. */
export function streamOf(columns: Record<string, Column>, extras: PlanStream['extras'] = 'keep'): PlanStream {
  const all = { ...columns, at: column.timestamp() };
  return {
    name: 's',
    columns: Object.entries(all).map(([name, c]) => ({ name, ...c })),
    eventTime: 'at',
    extras,
    shards: 1,
    retentionHours: 24,
  };
}

const AT = '"at":"2020-01-01T00:00:00Z"';

/** Reads one record whose only column beside the event time is `v`, given as JSON text; `undefined` leaves it out. */
export function readValue(
  type: Column,
  json: string | undefined,
  extras: PlanStream['extras'] = 'keep',
): ReadResult {
  const field = json === undefined ? '' : `"v":${json},`;
  return compileContract(streamOf({ v: type }, extras)).read(Buffer.from(`{${field}${AT}}`));
}

/** The canonical text of `v`, or the reason why it is refused. */
export function outcome(type: Column, json: string | undefined): string {
  const result = readValue(type, json);
  if (result.kind === 'refused') return result.reason;
  const end = result.json.indexOf(',"at":"2020-01-01T00:00:00"');
  return result.json.slice('{"v":'.length, end);
}
