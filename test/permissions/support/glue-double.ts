import {
  jsonAnswer,
  jsonRequest,
  ServiceError,
  type Answer,
  type Incoming,
  type Need,
  type ServiceDouble,
} from './call.ts';
import { OncePer } from './once-per.ts';

interface Table {
  Name: string;
  VersionId: string;
  [field: string]: unknown;
}

interface Input {
  DatabaseName: string;
  Name?: string;
  TableInput?: { Name: string };
  VersionId?: string;
}

/**
 * The Glue Data Catalog in memory. The first change that a caller makes to a table meets another writer's, and of the
 * second one the answer is lost.
 */
export class GlueDouble implements ServiceDouble {
  readonly #tables = new Map<string, Table>();
  readonly #raced = new OncePer();
  readonly #lost = new OncePer();
  readonly #arn: string;

  /** @param arn what a resource's name makes an ARN with */
  constructor(arn: string) {
    this.#arn = arn;
  }

  /** Names of all tables and views, with their databases. */
  get names(): string[] {
    return [...this.#tables.keys()].sort();
  }

  handle(request: Incoming): { operation: string; needs: Need[]; answer: Answer } {
    const { operation, input: given } = jsonRequest(request);
    const input = given as Input;
    const { DatabaseName: database } = input;
    const table = input.Name ?? input.TableInput?.Name ?? '*';
    // Each call on a table is one on its database and on the catalog too.
    const needs = ['catalog', `database/${database}`, `table/${database}/${table}`].map((name) => ({
      action: `glue:${operation}`,
      resource: this.#arn + name,
    }));
    const answer = jsonAnswer(() => this.#do(operation, input, `${database}.${table}`, request.caller));
    return { operation, needs, answer };
  }

  #do(operation: string, input: Input, key: string, caller: string): object {
    const current = this.#tables.get(key);
    switch (operation) {
      case 'GetTables': {
        const prefix = `${input.DatabaseName}.`;
        return { TableList: [...this.#tables].filter(([k]) => k.startsWith(prefix)).map(([, t]) => t) };
      }
      case 'GetTable':
        return { Table: found(current) };
      case 'CreateTable':
        if (current) throw new ServiceError('AlreadyExistsException');
        this.#tables.set(key, { ...input.TableInput!, VersionId: '1' });
        return {};
      case 'UpdateTable':
        return this.#update(input, key, found(current), caller);
      case 'DeleteTable':
        found(current);
        this.#tables.delete(key);
        return {};
      default:
        throw new Error(`the double of Glue does not know ${operation}`);
    }
  }

  #update(input: Input, key: string, current: Table, caller: string): object {
    if (this.#raced.first(caller, key)) current.VersionId = String(Number(current.VersionId) + 1);
    if (input.VersionId !== current.VersionId) throw new ServiceError('ConcurrentModificationException');
    const VersionId = String(Number(current.VersionId) + 1);
    this.#tables.set(key, { ...input.TableInput!, VersionId });
    if (this.#lost.first(caller, key)) throw new ServiceError('InternalServiceException', 500);
    return {};
  }
}

function found(table: Table | undefined): Table {
  if (!table) throw new ServiceError('EntityNotFoundException');
  return table;
}
