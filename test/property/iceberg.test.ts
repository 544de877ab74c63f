import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isKind } from '../../src/errors.ts';
import {
  checkMetadata,
  commitSnapshot,
  isOnMain,
  ManifestCache,
  planScan,
  requireTable,
} from '../../src/iceberg/index.ts';
import type { CommitOptions, DataFile, SnapshotChange, Table } from '../../src/iceberg/index.ts';
import { change, dataFile, deleteFile, NAME, newTable } from '../unit/iceberg/fixtures.ts';
import { memoryIo } from '../unit/iceberg/memory.ts';
import type { Fault, MemoryIo } from '../unit/iceberg/memory.ts';

/** A table as a list of live files, each with the deletes that concern it. */
class Model {
  readonly files = new Map<string, Set<string>>();

  apply(applied: SnapshotChange, deletesOf: Map<string, string>): void {
    for (const path of applied.removedData) this.files.delete(path);
    for (const path of applied.removedDeletes)
      for (const deletes of this.files.values()) deletes.delete(path);
    for (const file of applied.addedData) this.files.set(file.path, new Set());
    for (const file of applied.addedDeletes) this.files.get(deletesOf.get(file.path)!)?.add(file.path);
  }
}

type Step = {
  kind: 'append' | 'delta' | 'overwrite' | 'replace' | 'stale';
  size: number;
  pick: number;
  fault: Fault | undefined;
  ms: number;
};

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('append', 'append', 'delta', 'overwrite', 'replace', 'stale'),
    size: fc.integer({ min: 1, max: 6 }),
    pick: fc.nat(1000),
    fault: fc.constantFrom(undefined, undefined, undefined, 'conflict', 'applied', 'lost', 'delayed'),
    ms: fc.integer({ min: 0, max: 90_000 }),
  }),
  { maxLength: 40 },
);
const OPTIONS: CommitOptions = {
  manifestEntries: 4,
  settle: { attempts: 2, waitMs: 10 },
  retention: { keepAllMs: 120_000, maxRecent: 5, keepPerMinuteMs: 600_000, keepPerHourMs: 0 },
};

/** What a step does to the files that live now; deletes are noted with the file they concern. */
function planned(step: Step, model: Model, deletesOf: Map<string, string>): SnapshotChange {
  const live = [...model.files.keys()];
  const at = live.length === 0 ? 0 : step.pick % live.length;
  const chosen = live.slice(at, at + step.size);
  const added = Array.from({ length: step.size }, () => dataFile());
  const removedDeletes = chosen.flatMap((path) => [...model.files.get(path)!]);
  switch (step.kind) {
    case 'overwrite':
      return change({ operation: 'overwrite', addedData: added, removedData: chosen, removedDeletes });
    case 'replace':
      return change({
        operation: 'replace',
        addedData: added.slice(0, 1),
        removedData: chosen,
        removedDeletes,
      });
    case 'delta': {
      const deletes: DataFile[] = chosen.map((path) => deleteFile(path));
      deletes.forEach((file, index) => deletesOf.set(file.path, chosen[index]!));
      return change({ operation: 'overwrite', addedData: added.slice(0, 1), addedDeletes: deletes });
    }
    default:
      return change({ operation: 'append', addedData: added });
  }
}

async function run(io: MemoryIo, base: Table, step: Step, model: Model, old: Table): Promise<Table> {
  const deletesOf = new Map<string, string>();
  io.clock.ms += step.ms;
  if (step.fault) io.catalog.faults.push(step.fault);
  // Delayed requests arrive while the commit waits, or later.
  io.clock.onSleep = step.pick % 2 === 0 ? () => io.catalog.land() : undefined;
  const from = step.kind === 'stale' ? old : base;
  let made: SnapshotChange | undefined;
  let id = 0n;
  try {
    const outcome = await commitSnapshot(
      io,
      from,
      (ids) => {
        id = ids.snapshotId;
        made = planned(step, model, deletesOf);
        return made;
      },
      OPTIONS,
    );
    io.catalog.faults.length = 0;
    io.catalog.land();
    const now = await requireTable(io, NAME);
    const applied = isOnMain(now.metadata, id) === 'yes';
    if (outcome.kind !== 'unknown') expect(applied).toBe(outcome.kind === 'committed');
    if (applied) model.apply(made!, deletesOf);
    return now;
  } catch (error) {
    // A stale base may lack a file to remove; nothing else may fail.
    if (!isKind(error, 'conflict')) throw error;
    io.catalog.faults.length = 0;
    return requireTable(io, NAME);
  }
}

describe('any sequence of commits', () => {
  it('leaves the live files that a plain model has, and a sound table, whatever fails on the way', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.bigInt({ min: 1n, max: 1n << 40n }), async (sequence, seed) => {
        const io = memoryIo(seed);
        const model = new Model();
        let table = await newTable(io);
        let old = table;
        for (const step of sequence) {
          const next = await run(io, table, step, model, old);
          old = table;
          table = next;
        }
        const plan = await planScan({ ...io, cache: new ManifestCache() }, table);
        const found = new Map(
          plan.files.map(({ file, deletes }) => [file.path, new Set(deletes.map((d) => d.path))]),
        );
        expect(found).toEqual(model.files);
        expect(await checkMetadata(table.metadata, io)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
