// The AWS SDK warns on Node 20 at each start; which Node versions are supported is said in package.json.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { load, produce, query, reset, status, tables } from './commands.ts';
import { addCost } from './cost.ts';
import { errorCode } from '../src/errors.ts';
import { dev } from './dev.ts';
import { diff, renderDiff } from './diff.ts';
import { explain } from './exit.ts';
import { terminalLog, type Level } from './log.ts';
import { FORMATS, number, render, type Format } from './render.ts';
import { renderTables } from './summary.ts';

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong input, 3 not found, 4 refused.`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function speed(text: string): number {
  const value = text === 'max' ? Infinity : Number(text);
  if (!(value > 0))
    throw new InvalidArgumentError('write max, or event-time seconds per second such as 3600');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('write a port, 0 to 65535');
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('write a whole number above 0');
  return value;
}

const dataOption = (): Option =>
  new Option('--data <folder>', 'where the lakehouse is kept').env('TIDEMARK_DATA').default('.tidemark');
const formatOption = (): Option =>
  new Option('--format <format>', 'how the answer is written').choices(FORMATS).default('table');

function addDev(program: Command): void {
  program
    .command('dev')
    .description('run a whole lakehouse on this machine: streams, tables, merges, console')
    .argument('[definition]', 'file that exports the lakehouse', 'lakehouse.ts')
    .addOption(dataOption())
    .option(
      '--speed <factor>',
      'event-time seconds replayed per second, or max (default: 3600; max with --exit-when-idle)',
      speed,
    )
    .option('--exit-when-idle', 'end when all is replayed, committed and integrated', false)
    .option('--no-replay', "leave the definition's replays out")
    .option('--port <port>', 'port of the Kinesis endpoint', port, 4567)
    .option('--console-port <port>', 'port of the console', port, 4568)
    .addOption(
      new Option('--log <level>', 'what to log').choices(['debug', 'info', 'warn', 'error']).default('warn'),
    )
    .addHelpText(
      'after',
      `
Examples:
  tidemark dev examples/flights/lakehouse.ts
  tidemark dev --speed max --exit-when-idle --data /tmp/flights
${EXIT_CODES}`,
    )
    .action(
      async (
        definition: string,
        o: {
          data: string;
          speed?: number;
          exitWhenIdle: boolean;
          replay: boolean;
          port: number;
          consolePort: number;
          log: Level;
        },
      ) => {
        await dev({ ...o, definition, speed: o.speed ?? (o.exitWhenIdle ? Infinity : 3600) });
      },
    );
}

function addProduce(program: Command): void {
  program
    .command('produce')
    .description("put a file's records into a stream of the running lakehouse")
    .argument('<stream>')
    .argument('<file>', 'NDJSON, one record a line; .gz is unpacked')
    .option('--partition-key <field>', 'field whose value is the partition key (default: spread evenly)')
    .addOption(dataOption())
    .addHelpText(
      'after',
      `\nExample:\n  tidemark produce flight_events more.ndjson.gz --partition-key flight_id\n${EXIT_CODES}`,
    )
    .action(async (stream: string, file: string, o: { data: string; partitionKey?: string }) => {
      const live = process.stderr.isTTY;
      const show = (done: number): void => {
        if (live) process.stderr.write(`\r${number(done)} records put`);
      };
      const done = await produce(o.data, stream, file, o.partitionKey, show);
      if (live) process.stderr.write('\r\u001b[K');
      print(`${number(done)} records put into ${stream}`);
    });
}

function addLoad(program: Command): void {
  program
    .command('load')
    .description(
      "load a file of a batch layer's records into a stream's tables, once however often it is loaded",
    )
    .argument('<stream>')
    .argument('<file>', 'NDJSON, one record a line; .gz is unpacked')
    .addOption(dataOption())
    .addHelpText('after', `\nExample:\n  tidemark load flight_events schedule.ndjson.gz\n${EXIT_CODES}`)
    .action(async (stream: string, file: string, o: { data: string }) => {
      const loaded = await load(o.data, stream, file, terminalLog('warn'));
      const old = loaded.fresh === 0 && loaded.records > 0 ? ' (all were loaded before)' : '';
      print(
        `${number(loaded.fresh)} of ${number(loaded.records)} records loaded into ${stream}${old}, ${number(loaded.quarantined)} quarantined`,
      );
    });
}

function addQuery(program: Command): void {
  program
    .command('query')
    .description('answer one SELECT over views and tables, as fresh as the last commit')
    .argument('<sql>')
    .addOption(formatOption())
    .option('--max-rows <n>', 'rows at most', positive, 10_000)
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
Views are in the schema named like the lakehouse; each joins history and the rows of the last seconds. Tables are in
<lakehouse>_realtime, _silver, _gold and _ops. History: FROM flights_silver.flights FOR VERSION AS OF <snapshot>.

Examples:
  tidemark query "SELECT status, count(*) FROM flights GROUP BY 1"
  tidemark query "SELECT * FROM flights_ops.quarantine" --format json
${EXIT_CODES}`,
    )
    .action(async (sql: string, o: { data: string; format: Format; maxRows: number }) => {
      const result = await query(o.data, sql, o.maxRows);
      print(render({ columns: result.columns.map((c) => c.name), rows: result.rows }, o.format));
      if (result.truncated)
        process.stderr.write(`only the first ${number(result.rows.length)} rows; see --max-rows\n`);
    });
}

function addStatus(program: Command): void {
  program
    .command('status')
    .description('rows, tidemark, freshness, lag, files and last merge of each table')
    .addOption(formatOption())
    .addOption(dataOption())
    .addHelpText('after', `\nExamples:\n  tidemark status\n  tidemark status --format json\n${EXIT_CODES}`)
    .action(async (o: { data: string; format: Format }) => {
      const state = await status(o.data);
      if (o.format === 'json') {
        print(JSON.stringify(state, null, 2));
        return;
      }
      print(
        `lakehouse ${state.lakehouse}, ${state.running ? `running at ${state.endpoint}` : 'not running'}`,
      );
      for (const s of state.streams)
        print(
          `stream ${s.name}: ${number(s.records)} records, ${number(s.perSecond)}/s, lag ${s.lagMs} ms, ${s.shards} shards`,
        );
      print(`alerts ${number(state.alerts.total)}, quarantined ${number(state.quarantined)}\n`);
      print(renderTables(state));
    });
}

function addTables(program: Command): void {
  program
    .command('tables')
    .description('every view and table, with its columns')
    .addOption(formatOption())
    .addOption(dataOption())
    .addHelpText('after', `\nExamples:\n  tidemark tables\n  tidemark tables --format csv\n${EXIT_CODES}`)
    .action(async (o: { data: string; format: Format }) => {
      const found = await tables(o.data);
      if (o.format === 'json') {
        print(JSON.stringify(found, null, 2));
        return;
      }
      const rows = found.map((t) => [
        t.layer,
        `${t.database}.${t.table}`,
        t.rows ?? null,
        t.columns.map((c) => `${c.name} ${c.type}`).join(', '),
      ]);
      print(render({ columns: ['layer', 'name', 'rows', 'columns'], rows }, o.format));
    });
}

function addDiff(program: Command): void {
  program
    .command('diff')
    .description('what a changed definition does to the deployed tables and their data; changes nothing')
    .argument('[definition]', 'file that exports the lakehouse', 'lakehouse.ts')
    .addOption(dataOption())
    .option(
      '--allow <names...>',
      'breaking changes that may be made, by the names that this command gives',
      [],
    )
    .addOption(
      new Option('--format <format>', 'how the answer is written')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addHelpText(
      'after',
      `
Examples:
  tidemark diff examples/flights/lakehouse.ts
  tidemark diff lakehouse.ts --allow flights_silver.flights.drop:temp
${EXIT_CODES}`,
    )
    .action(async (definition: string, o: { data: string; allow: string[]; format: 'table' | 'json' }) => {
      const found = await diff(definition, o.data, o.allow);
      print(o.format === 'json' ? JSON.stringify(found, null, 2) : renderDiff(found));
      if (found.refused.length > 0) process.exitCode = 4;
    });
}

function addReset(program: Command): void {
  program
    .command('reset')
    .description('delete the data folder: streams, tables, everything')
    .addOption(dataOption())
    .option('--yes', 'do it', false)
    .addHelpText('after', `\nExample:\n  tidemark reset --yes\n${EXIT_CODES}`)
    .action(async (o: { data: string; yes: boolean }) => {
      if (!o.yes) {
        process.stderr.write(`error: this deletes all data in ${o.data}\n  say so with --yes\n`);
        process.exitCode = 4;
        return;
      }
      await reset(o.data);
      print(`${o.data} is gone`);
    });
}

/** Runs the command line; sets the exit code. */
export async function main(args: string[]): Promise<void> {
  // What fails behind everybody's back, as the embedded database does on a full disk, ends the process with words too.
  process.on('uncaughtException', (error) => {
    const { code, text } = explain(error);
    process.stderr.write(`${text}\n`);
    process.exit(code);
  });
  process.stdout.on('error', (error) => {
    // Whoever reads may go when they have enough, as `head` does.
    if (errorCode(error) !== 'EPIPE') throw error;
    process.exit(0);
  });
  const program = new Command('tidemark')
    .description(
      'A real-time lakehouse: Kinesis to Apache Iceberg within seconds, with proof that nothing is lost or doubled.',
    )
    .exitOverride()
    .addHelpText('after', `\nExample:\n  tidemark dev examples/flights/lakehouse.ts\n${EXIT_CODES}`)
    .showHelpAfterError('(see --help)');
  for (const add of [addDev, addProduce, addLoad, addQuery, addStatus, addTables, addDiff, addReset])
    add(program);
  addCost(program, print, EXIT_CODES);
  for (const command of program.commands) command.exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    const { code, text } = explain(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = code;
  }
}

const started = process.argv[1];
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url))
  await main(process.argv.slice(2));
