import { TidemarkError } from '../errors.ts';
import { commitMetadata, loadTable, requireTable, type TableIo } from '../iceberg/index.ts';
import { tableKey, type SwapOutcome, type TableName } from '../ports/catalog.ts';
import { PLAN_PROPERTY } from './diff-noted.ts';
import { RENAMED_PROPERTY } from './diff.ts';

/**
 * Lets `name` go on where `from` stands: both names then point to one metadata file, and only `name` is written to from
 * here on. What a merge of the earlier plan still commits under `from` is merged again: mark and rows stand together.
 */
export async function adoptTable(io: TableIo, name: TableName, from: TableName): Promise<void> {
  const source = await requireTable(io, from);
  const { metadataLocation } = source.entry;
  const own = await loadTable(io, name);
  // Another deployment was here first; or this one, and did not come to its end.
  if (own && own.metadata.properties[RENAMED_PROPERTY] === undefined) return;
  const outcome: SwapOutcome = own
    ? await io.catalog.swap(name, own.entry, metadataLocation)
    : await io.catalog.create(name, metadataLocation);
  if (outcome.kind !== 'unknown') return;
  throw new TidemarkError('unknown', `whether ${tableKey(from)} goes on as ${tableKey(name)} is not known`, {
    remedy: 'deploy again: it goes on from what is there',
    cause: outcome.cause,
  });
}

/** Notes in a table that its rows go on under another name, and that nothing of its files may be deleted for its sake. */
export async function retireTable(io: TableIo, name: TableName, to: TableName): Promise<void> {
  for (;;) {
    const table = await loadTable(io, name);
    if (!table || table.metadata.properties[RENAMED_PROPERTY] !== undefined) return;
    // A table of the earlier name that is another one is nobody's past.
    if (table.metadata['table-uuid'] !== (await requireTable(io, to)).metadata['table-uuid']) return;
    const outcome = await commitMetadata(io, table, {
      setProperties: { [RENAMED_PROPERTY]: to.table, 'gc.enabled': 'false' },
      removeProperties: [PLAN_PROPERTY],
    });
    if (outcome.kind === 'committed') return;
    if (outcome.kind === 'unknown')
      throw new TidemarkError('unknown', `whether ${tableKey(name)} was retired is not known`, {
        remedy: 'deploy again: it goes on from what is there',
        cause: outcome.cause,
      });
  }
}
