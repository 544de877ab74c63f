import { tableKey, type TableName } from '../../ports/catalog.ts';
import { tableOfIntentKey } from './ledger-items.ts';

/** What is needed of Lambda's event for a DynamoDB stream (docs: "Using Lambda with DynamoDB", example event). */
export interface LedgerStreamEvent {
  Records: {
    eventName?: string;
    dynamodb?: { Keys?: Record<string, { S?: string }> };
  }[];
}

/**
 * The tables that have new intents, each once. A stream delivers at least once and may repeat: it is a hint, and the
 * committer looks for itself.
 */
export function tablesOfStreamEvent(event: LedgerStreamEvent): TableName[] {
  const tables = new Map<string, TableName>();
  for (const { eventName, dynamodb } of event.Records) {
    if (eventName !== 'INSERT') continue;
    const table = tableOfIntentKey(dynamodb?.Keys?.pk?.S ?? '');
    if (table) tables.set(tableKey(table), table);
  }
  return [...tables.values()];
}
