import {
  jsonAnswer,
  jsonRequest,
  ServiceError,
  type Answer,
  type Incoming,
  type Need,
  type ServiceDouble,
} from './call.ts';
import { holds, updated, type Item, type Placeholders } from './dynamo-expression.ts';
import { OncePer } from './once-per.ts';

interface Write extends Placeholders {
  TableName: string;
  Item?: Item;
  Key?: Item;
  ConditionExpression?: string;
  UpdateExpression?: string;
}

interface Input extends Write {
  KeyConditionExpression?: string;
  TransactItems?: Partial<Record<'Put' | 'Update' | 'Delete' | 'ConditionCheck', Write>>[];
  RequestItems?: Record<string, unknown>;
}

type WriteRequest = { PutRequest: { Item: Item } } | { DeleteRequest: { Key: Item } };
type Table = Map<string, Item>;

const TRANSACTED = {
  Put: 'dynamodb:PutItem',
  Update: 'dynamodb:UpdateItem',
  Delete: 'dynamodb:DeleteItem',
  ConditionCheck: 'dynamodb:ConditionCheckItem',
} as const;

const keyOf = (key: Item): string => `${key.pk?.S ?? ''}\n${key.sk?.S ?? ''}`;

/** DynamoDB in memory. Of each caller's first transaction the answer is lost. */
export class DynamoDouble implements ServiceDouble {
  readonly #tables = new Map<string, Table>();
  readonly #lost = new OncePer();
  readonly #arn: string;

  /** @param arn what a table's name makes an ARN with */
  constructor(arn: string) {
    this.#arn = arn;
  }

  handle(request: Incoming): { operation: string; needs: Need[]; answer: Answer } {
    const { operation, input: given } = jsonRequest(request);
    const input = given as Input;
    const lost = operation === 'TransactWriteItems' && this.#lost.first(request.caller);
    const done = jsonAnswer(() => this.#do(operation, input));
    const answer = lost ? jsonAnswer(() => fail('InternalServerError', 500)) : done;
    return { operation, needs: this.#needs(operation, input), answer };
  }

  #needs(operation: string, input: Input): Need[] {
    const need = (action: string, table: string): Need => ({ action, resource: this.#arn + table });
    if (operation === 'TransactWriteItems')
      return (input.TransactItems ?? []).flatMap((item) =>
        Object.entries(item).map(([kind, write]) =>
          need(TRANSACTED[kind as keyof typeof TRANSACTED], write.TableName),
        ),
      );
    const action = `dynamodb:${operation}`;
    if (input.RequestItems) return Object.keys(input.RequestItems).map((table) => need(action, table));
    return [need(action, input.TableName)];
  }

  #do(operation: string, input: Input): object {
    switch (operation) {
      case 'GetItem':
        return { Item: this.#table(input.TableName).get(keyOf(input.Key!)) };
      case 'PutItem':
      case 'UpdateItem':
        if (!this.#allows(input)) throw new ServiceError('ConditionalCheckFailedException');
        return { Attributes: this.#write(input) };
      case 'Query':
        return { Items: this.#query(input) };
      case 'BatchWriteItem':
        for (const [table, requests] of Object.entries(input.RequestItems ?? {}))
          for (const request of requests as WriteRequest[])
            if ('PutRequest' in request) this.#write({ TableName: table, Item: request.PutRequest.Item });
            else this.#table(table).delete(keyOf(request.DeleteRequest.Key));
        return {};
      case 'TransactWriteItems':
        return this.#transact((input.TransactItems ?? []).flatMap((item) => Object.values(item)));
      default:
        throw new Error(`the double of DynamoDB does not know ${operation}`);
    }
  }

  #table(name: string): Table {
    const table = this.#tables.get(name) ?? new Map<string, Item>();
    this.#tables.set(name, table);
    return table;
  }

  #allows(write: Write): boolean {
    const key = keyOf(write.Item ?? write.Key ?? {});
    return holds(write.ConditionExpression, this.#table(write.TableName).get(key), write);
  }

  #write(write: Write): Item {
    const table = this.#table(write.TableName);
    const key = keyOf(write.Item ?? write.Key ?? {});
    const before = table.get(key) ?? write.Key ?? {};
    const next = write.Item ?? updated(write.UpdateExpression ?? '', before, write);
    table.set(key, next);
    return next;
  }

  #query(input: Input): Item[] {
    const found = [...this.#table(input.TableName).values()].filter((item) =>
      holds(input.KeyConditionExpression, item, input),
    );
    return found.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  #transact(writes: Write[]): object {
    const reasons = writes.map((w) => ({ Code: this.#allows(w) ? 'None' : 'ConditionalCheckFailed' }));
    if (reasons.some(({ Code }) => Code !== 'None'))
      throw new ServiceError('TransactionCanceledException', 400, { CancellationReasons: reasons });
    for (const write of writes) this.#write(write);
    return {};
  }
}

function fail(code: string, status: number): never {
  throw new ServiceError(code, status);
}
