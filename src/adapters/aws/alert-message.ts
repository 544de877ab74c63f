import type { Alert } from '../../ports/effects.ts';

/** An alert with its serialised form. */
export interface AlertMessage {
  alert: Alert;
  json: string;
}

/** SNS and EventBridge take 256 KiB in a request; the rest is for attributes and headers of the entries. */
const LARGEST_REQUEST_BYTES = 240 * 1024;
const AT_ONCE = 10;

/**
 * Serialises alerts. A row that is too large for a message is left out, and `rowOmitted` says so: the alert still
 * names shard and position, and an alert that cannot be sent would stop its shard for ever.
 */
export function alertMessage(alert: Alert): AlertMessage {
  const json = JSON.stringify(alert);
  if (Buffer.byteLength(json) <= LARGEST_REQUEST_BYTES) return { alert, json };
  return { alert, json: JSON.stringify({ ...alert, row: {}, rowOmitted: true }) };
}

/** Requests of at most ten messages and of at most the bytes that a request may have. */
export function messageBatches(messages: readonly AlertMessage[]): AlertMessage[][] {
  const batches: AlertMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(message.json);
    const last = batches.at(-1);
    if (last && last.length < AT_ONCE && bytes + size <= LARGEST_REQUEST_BYTES) {
      last.push(message);
      bytes += size;
    } else {
      batches.push([message]);
      bytes = size;
    }
  }
  return batches;
}
