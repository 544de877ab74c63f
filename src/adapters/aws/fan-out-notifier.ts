import { isKind, TidemarkError } from '../../errors.ts';
import type { Alert, Notifier } from '../../ports/effects.ts';

/**
 * Tells every channel. A channel that fails does not keep the others from being told; afterwards the failure is thrown,
 * the caller tells all of them again, and those that were told meet the same ids.
 */
export class FanOutNotifier implements Notifier {
  readonly #channels: readonly Notifier[];

  constructor(channels: readonly Notifier[]) {
    this.#channels = channels;
  }

  async notify(alerts: Alert[]): Promise<void> {
    const told = await Promise.allSettled(this.#channels.map((channel) => channel.notify(alerts)));
    const errors = told.flatMap((t): unknown[] => (t.status === 'rejected' ? [t.reason] : []));
    if (errors.length === 0) return;
    if (errors.length === 1) throw errors[0];
    const passing = errors.every((error) => isKind(error, 'unavailable', 'throttled'));
    throw new TidemarkError(passing ? 'unavailable' : 'invalid', `${errors.length} alert channels failed`, {
      cause: new AggregateError(errors),
    });
  }
}
