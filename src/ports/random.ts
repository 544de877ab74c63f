/** Randomness comes in as a parameter, so that a whole run can be replayed from a seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A new universally unique id (RFC 9562 text form). */
  uuid(): string;
  /** A positive 63-bit integer, for Iceberg snapshot ids. */
  int63(): bigint;
}
