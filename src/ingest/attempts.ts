/** So many deaths of the process on a batch are taken for chance. */
const CHANCE = 3;
/** So many more on one single record prove that it is the record. */
const PROOF = 3;

/** How a batch is to be tried. */
export interface Caution {
  /** Take only so many records, from the first; the rest is asked for again. */
  records: number;
  /** Quarantine them unread: reading them has ended the process again and again. */
  unread: boolean;
}

/**
 * What to do with a batch whose attempts kept ending the process (a crash of the engine, memory): take ever smaller
 * parts, so that the records before the bad one get through, until the bad one stands alone.
 *
 * @param attempts this attempt's number for the batch that begins with this first record, from 1
 * @param size records in the batch
 */
export function cautionFor(attempts: number, size: number): Caution {
  const halvings = Math.max(0, attempts - CHANCE);
  const records = Math.max(1, Math.floor(size / 2 ** halvings));
  const alone = Math.ceil(Math.log2(Math.max(1, size)));
  return { records, unread: halvings > alone + PROOF };
}
