import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DefinitionDiff } from '../../cli/diff.ts';
import { DEFINITION, FREE_PORTS, run, Workplace } from './support.ts';

const GATE = 'gate: column.int(), note: column.string({ optional: true })';

describe('tidemark diff', () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await Workplace.make();
    expect(await place.fill()).toMatchObject({ code: 0 });
  });
  afterAll(() => place.remove());

  /** Compares the definition with another list of columns. */
  const diff = async (columns: string, ...args: string[]) => {
    const file = await place.file('changed.ts', DEFINITION.replace(GATE, columns));
    return place.run('diff', file, ...args);
  };

  test('says so when nothing differs', async () => {
    expect(await place.run('diff', place.definition)).toEqual({
      code: 0,
      stdout: 'the lakehouse "park" is as the definition says\n',
      stderr: '',
    });
  });

  test('tells safe changes table by table and ends with 0', async () => {
    const { code, stdout, stderr } = await diff(
      'gate: column.long(), remark: column.string({ optional: true, renamedFrom: "note" }), city: column.string({ optional: true })',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`park_realtime.entries
    renamed: note becomes remark; it keeps its values and its field id. Queries of the earlier name fail
    widened: gate becomes bigint; values written as integer are read as bigint
    column added: city varchar is added as optional; it is NULL in rows that are there already`);
    expect(stdout).toMatch(/\d+ changes, none is refused\n$/);
  });

  test('marks what would be refused, says how to allow it, and ends with 4', async () => {
    const kept = await diff('gate: column.int()');
    expect({ code: kept.code, stderr: kept.stderr }).toEqual({ code: 4, stderr: '' });
    expect(kept.stdout)
      .toContain(`  ! dropped: note is dropped: views and queries that name it fail; its values stay in earlier snapshots and in the files until these are rewritten
      allow it with park_silver.visitors.drop:note`);
    expect(kept.stdout).toContain('2 changes, 2 refused');
  });

  test('ends with 0 when all of it is allowed by name, and gives data to programs', async () => {
    const allow = ['park_realtime.entries.drop:note', 'park_silver.visitors.drop:note'];
    const some = await diff('gate: column.int()', '--format', 'json', '--allow', allow[0]!);
    expect(some.code).toBe(4);
    const found = JSON.parse(some.stdout) as DefinitionDiff;
    expect(found).toMatchObject({ lakehouse: 'park', deployed: true });
    expect(found.refused.map((c) => c.allow)).toEqual([allow[1]]);
    expect(found.changes.map((c) => [c.kind, c.column, c.impact])).toEqual([
      ['dropped', 'note', 'breaking'],
      ['dropped', 'note', 'breaking'],
    ]);
    const all = await diff('gate: column.int()', '--allow', ...allow);
    expect(all.code).toBe(0);
    expect(all.stdout).toContain('  ~ dropped');
  });

  test('a folder without a lakehouse is one to be created', async () => {
    const { code, stdout } = await run(['diff', place.definition, '--data', join(place.folder, 'nowhere')]);
    expect(code).toBe(0);
    expect(stdout).toContain('park_silver.visitors\n    created: the table is created with');
    expect(stdout).toContain('nothing is deployed yet');
  });

  test('another lakehouse is refused', async () => {
    const file = await place.file('other.ts', DEFINITION.replace("'park'", "'zoo'"));
    const { code, stderr } = await place.run('diff', file);
    expect({ code, stderr }).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('holds the lakehouse "park", not "zoo"'),
    });
  });

  test('dev refuses a breaking change with the same words, and leaves the tables as they are', async () => {
    const file = await place.file('changed.ts', DEFINITION.replace(GATE, 'gate: column.int()'));
    const { code, stderr } = await run([
      'dev',
      file,
      '--data',
      place.data,
      '--exit-when-idle',
      ...FREE_PORTS,
    ]);
    expect(code).toBe(4);
    expect(stderr).toContain('the definition makes 2 breaking changes to deployed tables');
    expect(stderr).toContain('allow it with park_silver.visitors.drop:note');
    expect((await place.run('diff', place.definition)).stdout).toContain('is as the definition says');
  });
});
