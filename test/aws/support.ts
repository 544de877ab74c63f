import type { Clock } from '../../src/ports/clock.ts';
import type { Pace } from '../../src/adapters/aws/backoff.ts';
import { seeded } from '../local/support/random.ts';

/** An error as the SDK throws it: a name, and the answer's status. */
export function serviceError(name: string, status: number, more: object = {}): Error {
  return Object.assign(new Error(`${name} was said`), {
    name,
    $metadata: { httpStatusCode: status },
    ...more,
  });
}

/** An error of the connection: nobody knows whether the request arrived. */
export function brokenConnection(code = 'ECONNRESET'): Error {
  return Object.assign(new Error('socket hang up'), { code });
}

/** As the SDK's HTTP handler throws it. */
export function timedOut(): Error {
  return Object.assign(new Error('a request has exceeded its time'), { name: 'TimeoutError' });
}

/** Time that passes only by sleeping, and chance that repeats. */
export function fakePace(): Pace & { clock: Clock & { slept: number[] } } {
  const slept: number[] = [];
  const next = seeded(7);
  let time = 1_700_000_000_000;
  let ids = 0;
  return {
    clock: {
      slept,
      now: () => time,
      sleep: (ms) => {
        slept.push(ms);
        time += ms;
        return Promise.resolve();
      },
    },
    random: { next, uuid: () => `uuid-${++ids}`, int63: () => 1n },
  };
}
