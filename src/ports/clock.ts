/** Time comes in as a parameter, so that a whole run can be simulated. */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Resolves after `ms` milliseconds of this clock. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
