import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { TidemarkError } from '../../errors.ts';
import type { DynamoClients } from './aws-clients.ts';
import { faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';
import { keyOf, number, numberOf, text, textOf, type Item } from './dynamo-item.ts';
import { DynamoTable } from './dynamo-table.ts';

/** The plan that is in force, and its version, which grows with every change of the plan. */
export interface DeployedPlan {
  version: number;
  /** Hash of the plan's text. */
  hash: string;
  /** Where the plan stands: it may be larger than an item. */
  uri: string;
}

const RACE: Backoff = { attempts: 8, firstMs: 50, longestMs: 1_000 };

/** The deployment marker of each lakehouse, in the ledger's table. A claim by an older version is refused. */
export class DynamoDeployments {
  readonly #clients: DynamoClients;
  readonly #pace: Pace;
  readonly #table: DynamoTable;

  /** @param tableName the ledger's table */
  constructor(clients: DynamoClients, pace: Pace, tableName: string) {
    this.#clients = clients;
    this.#pace = pace;
    this.#table = new DynamoTable(clients.read, pace, tableName);
  }

  async current(lakehouse: string): Promise<DeployedPlan | undefined> {
    const item = await this.#table.get(keyFor(lakehouse));
    return (
      item && { version: numberOf(item, 'version'), hash: textOf(item, 'hash'), uri: textOf(item, 'uri') }
    );
  }

  /** Notes a plan as the one in force. The same plan keeps its version; another gets the next, also an earlier one. */
  async record(lakehouse: string, plan: { hash: string; uri: string }): Promise<DeployedPlan> {
    for (let attempt = 1; attempt <= RACE.attempts; attempt++) {
      if (attempt > 1) await pause(this.#pace, RACE, attempt - 1);
      const current = await this.current(lakehouse);
      if (current?.hash === plan.hash) return current;
      const next = { ...plan, version: (current?.version ?? 0) + 1 };
      if (await this.#put(lakehouse, next, current?.version)) return next;
    }
    throw new TidemarkError(
      'conflict',
      `other deployments of ${lakehouse} came first ${RACE.attempts} times`,
      {
        context: { lakehouse },
      },
    );
  }

  async #put(lakehouse: string, plan: DeployedPlan, after: number | undefined): Promise<boolean> {
    const condition =
      after === undefined
        ? { ConditionExpression: 'attribute_not_exists(pk)' }
        : {
            ConditionExpression: 'version = :after',
            ExpressionAttributeValues: { ':after': number(after) },
          };
    const Item: Item = {
      ...keyFor(lakehouse),
      version: number(plan.version),
      hash: text(plan.hash),
      uri: text(plan.uri),
    };
    try {
      await this.#clients.read.send(new PutItemCommand({ TableName: this.#table.name, Item, ...condition }));
      return true;
    } catch (error) {
      // Also after a repetition by the SDK that met its own success: the next look finds the plan's hash.
      if (faultOf(error).name === 'ConditionalCheckFailedException') return false;
      throw this.#table.error(error, 'record a deployment');
    }
  }
}

function keyFor(lakehouse: string): Item {
  return { pk: text(keyOf('deployment', lakehouse)), sk: text('current') };
}
