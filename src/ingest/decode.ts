import type { Position } from '../ports/ledger.ts';
import { decodeAggregated } from './aggregated.ts';
import type { Contract } from './contract.ts';
import type { RawRecord } from './event.ts';

/** A record that broke its contract, whole. */
export interface Refused {
  position: Position;
  sub: number;
  arrivedAt: number;
  partitionKey: string;
  reason: string;
  message: string;
  payload: Uint8Array;
}

/** A record that kept its contract. */
export interface Accepted {
  position: Position;
  sub: number;
  arrivedAt: number;
  partitionKey: string;
  payload: Uint8Array;
  /** Canonical JSON of the stream's columns. */
  json: string;
}

export interface Decoded {
  accepted: Accepted[];
  refused: Refused[];
}

/** Unpacks aggregated records and holds every user record against the stream's contract. */
export function decodeRecords(records: RawRecord[], contract: Contract): Decoded {
  const accepted: Accepted[] = [];
  const refused: Refused[] = [];
  for (const { position, arrivedAt, partitionKey, data } of records) {
    const take = (sub: number, key: string, payload: Uint8Array): void => {
      const read = contract.read(payload);
      const place = { position, sub, arrivedAt, partitionKey: key, payload };
      if (read.kind === 'ok') accepted.push({ ...place, json: read.json });
      else refused.push({ ...place, reason: read.reason, message: read.message });
    };
    const decoded = decodeAggregated(data);
    if (decoded.kind === 'plain') take(0, partitionKey, data);
    else if (decoded.kind === 'aggregated')
      decoded.records.forEach((record, sub) => take(sub, record.partitionKey, record.data));
    else
      refused.push({
        position,
        sub: 0,
        arrivedAt,
        partitionKey,
        reason: 'corrupt_aggregate',
        message: decoded.message,
        payload: data,
      });
  }
  return { accepted, refused };
}
