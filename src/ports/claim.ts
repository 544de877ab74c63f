import { TidemarkError } from '../errors.ts';
import { tableKey } from './catalog.ts';
import type { Claim } from './ledger.ts';

/**
 * What every ledger holds a claim against before it stores anything.
 * @throws TidemarkError kind `internal` for a claim whose intents are not of its range, or whose counts do not add up
 */
export function checkClaim(claim: Claim): void {
  const wrong = claim.intents.find(
    (i) =>
      i.stream !== claim.stream ||
      i.shard !== claim.shard ||
      i.after !== claim.after ||
      i.first !== claim.first ||
      i.last !== claim.last ||
      i.claimId !== claim.claimId ||
      i.counts.received !== i.counts.written + i.counts.filtered + i.counts.quarantined,
  );
  if (!wrong && claim.after < claim.first && claim.first <= claim.last) return;
  throw new TidemarkError(
    'internal',
    'a claim whose intents do not match its range, or whose counts do not add up',
    {
      context: {
        stream: claim.stream,
        shard: claim.shard,
        claimId: claim.claimId,
        table: wrong && tableKey(wrong.table),
      },
    },
  );
}
