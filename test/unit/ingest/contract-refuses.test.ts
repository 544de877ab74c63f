import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { column } from '../../../src/definition/column.ts';
import type { PlanColumn } from '../../../src/definition/column.ts';
import type { PlanStream } from '../../../src/definition/plan.ts';
import { compileContract } from '../../../src/ingest/contract.ts';
import { columnsOf, objectOf } from './values.ts';
import { wrongObjectOf } from './wrong-values.ts';

const AT = '"at":"2020-01-01T00:00:00Z"';

function streamOf(columns: PlanColumn[], extras: PlanStream['extras']): PlanStream {
  const all = [...columns, { name: 'at', ...column.timestamp() }];
  return { name: 's', columns: all, eventTime: 'at', extras, shards: 1, retentionHours: 24 };
}

const bytes = (object: string) => Buffer.from(object === '{}' ? `{${AT}}` : `{${AT},${object.slice(1)}`);
const extras = fc.constantFrom<PlanStream['extras']>('keep', 'quarantine', 'ignore');

test('one wrong value anywhere in a record refuses it, and no other record', () => {
  const runs = fc.tuple(columnsOf(2), extras).chain(([columns, mode]) =>
    fc.record({
      columns: fc.constant(columns),
      mode: fc.constant(mode),
      good: objectOf(columns),
      wrong: wrongObjectOf(columns),
    }),
  );
  fc.assert(
    fc.property(runs, ({ columns, mode, good, wrong }) => {
      const contract = compileContract(streamOf(columns, mode));
      const alone = contract.read(bytes(good.json));
      expect(alone.kind).toBe('ok');
      const refused = contract.read(bytes(wrong));
      expect(refused).toMatchObject({ kind: 'refused' });
      expect(refused.kind === 'refused' && refused.message.length).toBeLessThan(1000);
      expect(contract.read(bytes(good.json))).toEqual(alone);
    }),
    { numRuns: 1500 },
  );
});

test('no bytes make a contract throw, and what it accepts is one line of JSON', () => {
  const columns = [{ name: 'v', ...column.string({ optional: true }) }];
  const contract = compileContract(streamOf(columns, 'keep'));
  const texts = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .jsonValue({ maxDepth: 4 })
      .map((value) => Buffer.from(`{"v":null,"u":${JSON.stringify(value)},${AT}}`)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const result = contract.read(text);
      if (result.kind === 'refused') return;
      expect(result.json).not.toMatch(/[\n\r]/);
      const { _extra: extra } = JSON.parse(result.json) as { _extra: string | null };
      const source = JSON.parse(Buffer.from(text).toString()) as { u?: unknown };
      expect((JSON.parse(extra ?? '{}') as { u?: unknown }).u).toEqual(
        source.u === undefined ? undefined : JSON.parse(JSON.stringify(source.u)),
      );
    }),
    { numRuns: 2000 },
  );
});
