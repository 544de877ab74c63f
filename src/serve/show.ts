import { athenaType, type PlanColumn } from '../definition/column.ts';
import { TidemarkError } from '../errors.ts';
import type { Json } from '../ports/effects.ts';
import type { LakehouseNames } from './lakehouse-names.ts';
import { dottedName, matches, tokenize, type Token } from './query-tokens.ts';

/** An answer that needs no table's rows. */
export interface Shown {
  columns: { name: string; type: string }[];
  rows: Json[][];
}

const list = (name: string, values: string[]): Shown => ({
  columns: [{ name, type: 'varchar' }],
  rows: values.map((v) => [v]),
});

const describe = (columns: readonly PlanColumn[]): Shown => ({
  columns: ['column', 'type', 'comment'].map((name) => ({ name, type: 'varchar' })),
  rows: columns.map((c) => [c.name, athenaType(c.type), c.doc ?? '']),
});

function describeName(names: LakehouseNames, tokens: readonly Token[], at: number): Shown {
  const name = dottedName(tokens, at);
  if (!name || name.next < tokens.length || name.parts.length > 3)
    throw new TidemarkError('invalid', 'DESCRIBE takes the name of a table', {
      remedy: 'write DESCRIBE database.table',
    });
  const [table = '', schema = '', catalog = ''] = name.parts.toReversed();
  const target = names.find({ catalog, schema, table });
  if (target.kind === 'metadata')
    throw new TidemarkError('invalid', `${table} cannot be described`, { remedy: 'select from it' });
  return describe(target.kind === 'view' ? target.view.columns : target.table.columns);
}

/** Answers SHOW TABLES [IN database], SHOW DATABASES, SHOW COLUMNS IN table and DESCRIBE table; undefined for others. */
export function answerShow(names: LakehouseNames, sql: string): Shown | undefined {
  const all = tokenize(sql);
  const tokens = all.slice(0, all.findLastIndex((t) => t.text !== ';') + 1);
  if (matches(tokens, 0, 'describe') || matches(tokens, 0, 'desc'))
    return describeName(names, tokens, 1 + Number(matches(tokens, 1, 'table')));
  if (!matches(tokens, 0, 'show')) return undefined;
  const what = tokens[1]?.text.toLowerCase();
  const inside = ['in', 'from'].includes(tokens[2]?.text.toLowerCase() ?? '');
  if ((what === 'databases' || what === 'schemas') && tokens.length === 2)
    return list('database_name', names.databases());
  if ((what === 'tables' || what === 'views') && (tokens.length === 2 || (inside && tokens.length === 4))) {
    const database = inside ? (dottedName(tokens, 3)?.parts[0] ?? '') : '';
    return list('tab_name', names.in(database));
  }
  if (what === 'columns' && inside) return describeName(names, tokens, 3);
  throw new TidemarkError('invalid', 'this SHOW is not answered', {
    remedy: 'write SHOW TABLES, SHOW TABLES IN database, SHOW DATABASES or SHOW COLUMNS IN table',
  });
}
