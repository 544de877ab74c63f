/** What a setting takes: a text, a number, a switch, one of some words, a list of texts, or texts by name. */
type Value = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

interface Setting<T extends Value> {
  value: T;
  doc: string;
  oneOf?: readonly string[];
}

const setting = <T extends Value>(value: T, doc: string): Setting<T> => ({ value, doc });
const choice = <T extends string>(oneOf: readonly [T, ...T[]], doc: string): Setting<T> => ({
  value: oneOf[0],
  doc,
  oneOf,
});
const number = (value: number, doc: string): Setting<number> => ({ value, doc });
const toggle = (value: boolean, doc: string): Setting<boolean> => ({ value, doc });
const text = (value: string, doc: string): Setting<string> => ({ value, doc });

/**
 * Every setting of the app with its default. Each is a key of the CDK context under `tidemark:`, in `cdk.json` or on the
 * command line (`-c tidemark:ingest.memoryMb=3008`). `docs/deploy.md` shows this list, and a test keeps it true.
 */
export const SETTINGS = {
  environment: text(
    '',
    'Suffix of the lakehouse’s name, so that several live in one account: `flights` becomes `flights_test`',
  ),
  tags: setting<Readonly<Record<string, string>>>({}, 'Tags of every resource, beside `tidemark:lakehouse`'),
  encryption: choice(
    ['aws', 'customer'],
    '`customer` makes one KMS key and encrypts everything at rest with it; `aws` uses the keys of the services',
  ),
  network: choice(
    ['public', 'private'],
    '`private` runs every function in a VPC without internet, with the endpoints that needs',
  ),
  architecture: choice(['arm64', 'x64'], 'Processor of the functions'),
  tracing: toggle(true, 'X-Ray traces of functions and of integration runs'),
  'logs.retentionDays': number(90, 'How long logs are kept; a value that CloudWatch Logs knows'),
  'logs.level': choice(['INFO', 'DEBUG', 'WARN', 'ERROR'], 'What the functions log'),

  'tables.allow': setting<readonly string[]>(
    [],
    'Breaking changes to tables that this deployment may make, by the names that a refusal gives',
  ),

  'storage.bucketName': text('', 'Name of the bucket; empty for `tidemark-<lakehouse>-<account>-<region>`'),
  'storage.noncurrentDays': number(7, 'How long a deleted object can be brought back'),
  'storage.accessLogDays': number(90, 'How long access logs of the buckets are kept'),

  'stream.mode': choice(
    ['on-demand', 'provisioned'],
    '`provisioned` has the shards that the definition states',
  ),
  'stream.retentionHours': number(0, 'How long streams keep records; 0 takes what the definition states'),
  'stream.enhancedFanOut': toggle(
    false,
    'A dedicated 2 MB/s a shard for the processors, and records pushed to them',
  ),

  'ingest.enabled': toggle(
    true,
    'Whether the processors read their streams; off pauses them without loss within the retention',
  ),
  'ingest.memoryMb': number(1769, 'Memory of a processor; 1769 MB is one vCPU'),
  'ingest.storageMb': number(1024, 'Size of a processor’s `/tmp`'),
  'ingest.timeoutSeconds': number(120, 'Time-out of a batch'),
  'ingest.batchSize': number(10_000, 'Records a batch at most'),
  'ingest.windowSeconds': number(1, 'How long a batch waits to fill'),

  'commit.memoryMb': number(1024, 'Memory of the committer'),
  'commit.timeoutSeconds': number(60, 'Time-out of a round of commits'),
  'commit.reservedConcurrency': number(
    0,
    'Committers at a time at most, taken from the account’s concurrency; 0 for no limit of its own. More than one costs conflicts, never rows',
  ),

  'integrate.enabled': toggle(true, 'Whether the schedule starts runs'),
  'integrate.everyMinutes': number(1, 'Time between starts of integration runs'),
  'integrate.memoryMb': number(3538, 'Memory of a merge; 3538 MB are two vCPUs'),
  'integrate.storageMb': number(4096, 'Size of a merge’s `/tmp`, where large operators spill'),
  'integrate.timeoutSeconds': number(900, 'Time-out of one step'),
  'integrate.maxRows': number(
    250_000,
    'Real-time rows that one step takes; the rest waits for its next round',
  ),
  'integrate.concurrency': number(10, 'Steps of one stage at a time'),

  'maintain.everyMinutes': number(5, 'Time between rounds of compaction'),
  'maintain.keepHours': number(
    48,
    'How long a file that nothing names is kept: longer than any query, and than the time in which a lost commit is found',
  ),

  'query.scanLimitGb': number(100, 'Gigabytes that one query may scan'),
  'query.resultDays': number(7, 'How long results of queries are kept'),
  'query.analystRoles': setting<readonly string[]>(
    [],
    'ARNs of roles that Lake Formation lets read the views and tables; empty leaves Lake Formation alone',
  ),

  'operations.dashboard': toggle(true, 'A CloudWatch dashboard'),
  'operations.alarms': toggle(true, 'CloudWatch alarms, all told to one topic'),
  'operations.email': text('', 'Address that alarms are sent to; empty for none'),
  'operations.freshnessSeconds': number(
    60,
    'Freshness objective: alarm when rows wait longer than this to be queryable',
  ),
  'operations.retentionPercent': number(
    25,
    'Alarm when the oldest unread record has used this share of the stream’s retention',
  ),
  'operations.conflictsPerMinute': number(
    60,
    'Alarm when commits conflict more often than this for a quarter of an hour',
  ),
  'operations.monthlyBudgetUsd': number(
    0,
    'Budget of the account’s costs under this lakehouse’s tag; 0 for none',
  ),
} as const;

type Widen<T> = T extends string
  ? string extends T
    ? string
    : T
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T;
export type SettingName = keyof typeof SETTINGS;
export type Settings = { readonly [K in SettingName]: Widen<(typeof SETTINGS)[K]['value']> };

const PREFIX = 'tidemark:';
/** Keys of ours in the context that are no settings. */
const OTHERS = ['definition', 'environments'];

function wrong(name: string, given: unknown, remedy: string): Error {
  return new Error(`setting ${PREFIX}${name} cannot be ${JSON.stringify(given)}: ${remedy}`);
}

/** The command line gives every value as text. */
function parse(name: string, { value, oneOf }: Setting<Value>, given: unknown): Value {
  if (oneOf) {
    if (typeof given === 'string' && oneOf.includes(given)) return given;
    throw wrong(name, given, `use one of ${oneOf.join(', ')}`);
  }
  if (typeof value === 'string') {
    if (typeof given === 'string') return given;
    throw wrong(name, given, 'use a text');
  }
  if (typeof value === 'number') {
    const parsed = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    if (typeof parsed === 'number' && Number.isFinite(parsed) && parsed >= 0) return parsed;
    throw wrong(name, given, 'use a number from 0');
  }
  if (typeof value === 'boolean') {
    if (given === true || given === 'true') return true;
    if (given === false || given === 'false') return false;
    throw wrong(name, given, 'use true or false');
  }
  const parsed: unknown = typeof given === 'string' ? JSON.parse(given) : given;
  const texts = (all: unknown[]): boolean => all.every((v) => typeof v === 'string');
  if (Array.isArray(value)) {
    if (Array.isArray(parsed) && texts(parsed)) return parsed as string[];
    throw wrong(name, given, 'use a list of texts');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) && texts(Object.values(parsed)))
    return parsed as Record<string, string>;
  throw wrong(name, given, 'use texts by name');
}

/**
 * The settings from a CDK context, the rest from the defaults. `tidemark:environments` may hold settings for one
 * environment: `{ "test": { "ingest.memoryMb": 1024 } }`. A key of its own wins over those.
 * @throws Error for a setting that does not exist or a value that it does not take
 */
export function readSettings(context: Readonly<Record<string, unknown>>): Settings {
  const own = Object.entries(context)
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, value]): [string, unknown] => [key.slice(PREFIX.length), value])
    .filter(([name]) => !OTHERS.includes(name));
  const environments = (context[`${PREFIX}environments`] ?? {}) as Record<string, Record<string, unknown>>;
  const environment = own.find(([name, value]) => name === 'environment' && typeof value === 'string');
  const given = { ...environments[(environment?.[1] ?? '') as string], ...Object.fromEntries(own) };
  const settings: Record<string, Value> = {};
  for (const [name, known] of Object.entries(SETTINGS)) settings[name] = known.value;
  for (const [name, value] of Object.entries(given)) {
    if (!(name in SETTINGS))
      throw new Error(`there is no setting ${PREFIX}${name}: see docs/deploy.md for those there are`);
    settings[name] = parse(name, SETTINGS[name as SettingName], value);
  }
  return settings as unknown as Settings;
}

/** Those keys of a CDK context that are ours. */
export function contextOf(node: { tryGetContext(key: string): unknown }): Record<string, unknown> {
  const keys = [...OTHERS, ...Object.keys(SETTINGS)].map((name) => `${PREFIX}${name}`);
  return Object.fromEntries(
    keys
      .map((key): [string, unknown] => [key, node.tryGetContext(key)])
      .filter(([, value]) => value !== undefined),
  );
}
