import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AwsSettings } from '../src/adapters/aws/aws-clients.ts';
import type { Plan } from '../src/definition/plan.ts';

/** What the deployment tells a function, read from its environment in this one place. */
export interface HandlerSettings {
  lakehouse: string;
  /** Changes with the plan and its references. */
  planHash: string;
  /** URI of the folder of all tables, with a slash at the end. */
  warehouse: string;
  /** Name of the ledger's table. */
  ledger: string;
  hotStore: string;
  /** The stream of a processor, as the definition names it. */
  stream: string;
  /** Topic ARNs by channel. */
  topics: Record<string, string>;
  /** Absent when the function tells nobody. */
  eventBus: string | undefined;
  /** Real-time rows that one round of a step takes. */
  maxRows: number;
  /** Hours for which a file that nothing names is kept. */
  keepHours: number;
  memoryMb: number;
  storageMb: number;
  aws: AwsSettings;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Values that a handler does not get are empty: it does not ask for them. */
export function readSettings(env: Env): HandlerSettings {
  const endpoint = env['AWS_ENDPOINT_URL'];
  return {
    lakehouse: env['POWERTOOLS_SERVICE_NAME'] ?? '',
    planHash: env['TIDEMARK_PLAN_HASH'] ?? '',
    warehouse: env['TIDEMARK_WAREHOUSE'] ?? '',
    ledger: env['TIDEMARK_LEDGER'] ?? '',
    hotStore: env['TIDEMARK_HOT_STORE'] ?? '',
    stream: env['TIDEMARK_STREAM'] ?? '',
    topics: JSON.parse(env['TIDEMARK_TOPICS'] ?? '{}') as Record<string, string>,
    eventBus: env['TIDEMARK_EVENT_BUS'],
    maxRows: Number(env['TIDEMARK_MAX_ROWS'] ?? 250_000),
    keepHours: Number(env['TIDEMARK_KEEP_HOURS'] ?? 48),
    memoryMb: Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 1769),
    storageMb: Number(env['TIDEMARK_STORAGE_MB'] ?? 512),
    aws: {
      region: env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1',
      ...(endpoint === undefined ? {} : { endpoint }),
    },
  };
}

/** The plan that was packed with the code. */
export function readPlan(): Plan {
  return JSON.parse(readFileSync(definitionFile('plan.json'), 'utf8')) as Plan;
}

/** A file of the definition's folder, which lies beside the handler's code. */
export const definitionFile = (name: string): string => join(__dirname, 'definition', name);
