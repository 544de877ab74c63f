import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Lakehouse } from '../src/definition/index.ts';
import { compileLakehouse } from '../src/engine/compile.ts';
import {
  blocksOf,
  brokenLinks,
  bundleDefinition,
  commandsOf,
  readDocument,
  ROOT,
  typeErrors,
  type Block,
} from './support/documents.ts';
import { NewUser, type Finished } from './support/new-user.ts';

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true })
    .map((name) => `docs/${String(name)}`)
    .filter((path) => path.endsWith('.md'))
    .sort(),
];
const BLOCKS = DOCUMENTS.flatMap(blocksOf);
const CODE = BLOCKS.filter((b) => b.language === 'ts');
const DEFINITIONS = CODE.filter((b) => b.text.includes('defineLakehouse('));
const README = blocksOf('README.md');
const COMMANDS = README.filter((b) => b.language === 'sh').flatMap(commandsOf);

const PACKAGE = JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> };
const ENDPOINT = 'http://127.0.0.1:4567';
const CONSOLE = 'http://127.0.0.1:4568';

/** What `npm start` gives to the program, with what is said behind `--`. */
function startArguments(command: string): string[] {
  const script = /^node scripts\/build\.mjs && node dist\/tidemark\.js (.*)$/.exec(
    PACKAGE.scripts.start ?? '',
  );
  if (!script)
    throw new Error(`the script "start" is not as this test knows it: ${PACKAGE.scripts.start ?? ''}`);
  const more = command.split(' -- ')[1] ?? '';
  return [script[1]!, more].flatMap((text) => text.split(' ')).filter((word) => word !== '');
}

/** Words of a command without expansions. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3]!);
}

async function awsPutRecord(user: NewUser, command: string): Promise<Finished> {
  const [, , , ...rest] = words(command);
  const given = new Map<string, string>();
  for (let i = 0; i < rest.length; i += 2) given.set(rest[i]!, rest[i + 1]!);
  const option = (name: string): string => given.get(name) ?? '';
  const known = ['stream-name', 'partition-key', 'data', 'endpoint-url', 'region', 'cli-binary-format'];
  expect([...given.keys()].sort()).toEqual(known.map((name) => `--${name}`).sort());
  expect(option('--endpoint-url')).toBe(ENDPOINT);
  expect(option('--cli-binary-format')).toBe('raw-in-base64-out');
  const answer = await user.putRecord(option('--stream-name'), option('--partition-key'), option('--data'));
  return { code: answer.ok ? 0 : 1, stdout: await answer.text(), stderr: '' };
}

/** `npm ci` and `npm test` cannot run inside a test: `.ci/run` runs them. */
function runByCi(command: string): Promise<Finished> {
  const [, script = ''] = command.split(' ');
  expect(script === 'ci' || script in PACKAGE.scripts).toBe(true);
  expect(readDocument('.ci/run')).toContain(command);
  return Promise.resolve({ code: 0, stdout: command, stderr: '' });
}

type Rule = [pattern: RegExp, run: (user: NewUser, command: string) => Promise<Finished>];

/** How each kind of command of the README is run. A command that none covers fails. */
const RULES: Rule[] = [
  [/^npm (ci|test)$/, (_, command) => runByCi(command)],
  // The one that stays is running already, from the same arguments.
  [/^npm start$/, () => Promise.resolve({ code: 0, stdout: 'running', stderr: '' })],
  [/^npm start -- --exit-when-idle$/, (user, command) => user.finish(startArguments(command), 'finished')],
  [
    /^npx tidemark dev \S+\.ts( --data \S+)?$/,
    (user, command) => user.finish(words(command).slice(2), 'other'),
  ],
  [/^npx tidemark reset --yes$/, (user, command) => user.shell(command, 'finished')],
  [/^npx tidemark (query|status|tables|produce|load) ?/, (user, command) => user.shell(command)],
  [/^echo '[^']*' >>? \w+\.ndjson$/, (user, command) => user.shell(`${command} && echo written`)],
  [/^aws kinesis put-record /, awsPutRecord],
];

async function follow(user: NewUser, command: string): Promise<Finished> {
  const rule = RULES.find(([pattern]) => pattern.test(command));
  if (!rule) throw new Error(`no rule of this test covers the command: ${command}`);
  return rule[1](user, command);
}

describe('whoever follows the README', () => {
  let user: NewUser;
  beforeAll(async () => {
    user = await NewUser.arrive();
    await writeFile(join(user.folder, 'shop.ts'), DEFINITIONS.find((b) => b.at.startsWith('README'))!.text);
    await user.start(startArguments('npm start'));
  }, 60_000);
  afterAll(() => user.leave());

  test('finds commands', () => {
    expect(COMMANDS).toEqual(expect.arrayContaining(['npm ci', 'npm start', 'npm test']));
    expect(COMMANDS.length).toBeGreaterThan(12);
  });

  test.each(COMMANDS)('%s', async (command) => {
    const { code, stdout, stderr } = await follow(user, command);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toBe('');
  });

  test('can run its program for the AWS SDK', async () => {
    const [block] = README.filter((b) => b.language === 'ts' && b.text.includes('@aws-sdk'));
    expect(block!.text).toContain(ENDPOINT);
    const { code, stderr } = await user.program(block!.text, ENDPOINT);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('sees what all of these put, and the bad record in quarantine', async () => {
    const put = `npx tidemark query "SELECT flight_id FROM flights WHERE flight_id LIKE '2013-02-01/%' ORDER BY 1" --format csv`;
    const seen = await user.until(put, /B6[^]*DL[^]*UA/);
    expect(seen.trim().split(/\r?\n/).slice(1)).toEqual([
      '2013-02-01/B6/2/JFK',
      '2013-02-01/DL/3/LGA',
      '2013-02-01/UA/1/EWR',
    ]);
    await user.until(
      'npx tidemark query "SELECT decode(payload) AS p FROM flights_ops.quarantine"',
      /vanished/,
    );
  });

  test('finds the ports that the README names', async () => {
    const { stdout } = await user.shell('npx tidemark dev --help');
    for (const url of [ENDPOINT, CONSOLE]) {
      expect(readDocument('README.md')).toContain(url);
      expect(stdout).toContain(`default: ${new URL(url).port}`);
    }
  });
});

describe('the examples of the documents', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-documents-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('have the right types', () => {
    expect(typeErrors(CODE)).toEqual([]);
  });

  test.each(DEFINITIONS.map((b): [string, Block] => [b.at, b]))(
    'the definition at %s compiles',
    async (at, b) => {
      const file = join(folder, `${at.replaceAll(/\W/g, '-')}.mjs`);
      await bundleDefinition(b, file);
      const { default: lakehouse } = (await import(pathToFileURL(file).href)) as { default: Lakehouse };
      const plan = await compileLakehouse(lakehouse);
      expect(plan.realtime.length).toBeGreaterThan(0);
    },
  );
});

describe('the documents', () => {
  test('link to what is there', () => {
    const broken = DOCUMENTS.flatMap((path) => brokenLinks(path).map((target) => `${path}: ${target}`));
    expect(broken).toEqual([]);
  });

  test('name npm scripts that exist', () => {
    const named = DOCUMENTS.flatMap((path) => [...readDocument(path).matchAll(/npm run ([\w:-]+)/g)]);
    for (const [, script] of named) expect(Object.keys(PACKAGE.scripts)).toContain(script);
  });

  test('have blocks of languages that this test looks at', () => {
    const known = ['sh', 'ts', 'text', 'mermaid'];
    expect(BLOCKS.filter((b) => !known.includes(b.language)).map((b) => b.at)).toEqual([]);
    // Commands stand in the README, where they are run.
    expect(BLOCKS.filter((b) => b.language === 'sh' && !README.some((r) => r.at === b.at))).toEqual([]);
  });
});
