import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { readSettings, SETTINGS } from '../../lib/settings.ts';
import { settingsTable } from '../../lib/settings-table.ts';

test('without a context every setting has its default', () => {
  const settings = readSettings({});
  for (const [name, { value }] of Object.entries(SETTINGS))
    expect(settings[name as keyof typeof SETTINGS]).toEqual(value);
});

test('the command line’s texts become numbers, switches and lists', () => {
  const settings = readSettings({
    'tidemark:ingest.memoryMb': '3008',
    'tidemark:operations.alarms': 'false',
    'tidemark:query.analystRoles': '["arn:aws:iam::1:role/a"]',
    'tidemark:tags': { team: 'data' },
    'tidemark:definition': 'lakehouse.ts',
    'aws:cdk:bundling-stacks': [],
  });
  expect(settings['ingest.memoryMb']).toBe(3008);
  expect(settings['operations.alarms']).toBe(false);
  expect(settings['query.analystRoles']).toEqual(['arn:aws:iam::1:role/a']);
  expect(settings.tags).toEqual({ team: 'data' });
});

test('settings of an environment hold for it alone, and a key of its own wins', () => {
  const environments = { test: { 'ingest.memoryMb': 1024, 'commit.memoryMb': 512 } };
  const context = { 'tidemark:environments': environments, 'tidemark:commit.memoryMb': 2048 };
  expect(readSettings(context)['ingest.memoryMb']).toBe(1769);
  const test = readSettings({ ...context, 'tidemark:environment': 'test' });
  expect([test['ingest.memoryMb'], test['commit.memoryMb']]).toEqual([1024, 2048]);
});

test.each([
  [{ 'tidemark:ingest.memory': 1 }, 'there is no setting tidemark:ingest.memory'],
  [{ 'tidemark:ingest.memoryMb': 'much' }, 'cannot be "much": use a number from 0'],
  [{ 'tidemark:encryption': 'none' }, 'cannot be "none": use one of aws, customer'],
  [{ 'tidemark:tracing': 'maybe' }, 'cannot be "maybe": use true or false'],
  [{ 'tidemark:tags': ['a'] }, 'use texts by name'],
  [{ 'tidemark:tables.allow': '{}' }, 'use a list of texts'],
])('%j is refused with the remedy', (context, message) => {
  expect(() => readSettings(context)).toThrow(message);
});

test('docs/deploy.md has the settings as they are', () => {
  const page = readFileSync(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
  expect(page).toContain(settingsTable());
});
