import { KinesisFault } from './fault.ts';

/** Iterators and tokens serve this long, in milliseconds. */
export const TOKEN_LIFE = 300_000;

/** Where a shard iterator stands: above `after` (decimal), in the stream with this id. */
export interface IteratorToken {
  stream: string;
  streamId: number;
  shard: string;
  after: string;
  issuedAt: number;
}

/** Where a listing of shards goes on; the filter of its first page holds for all. */
export interface ListToken {
  stream: string;
  after: string;
  filter?: { type: string; shard?: string; time?: number };
  issuedAt: number;
}

export function writeToken(token: IteratorToken | ListToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64');
}

/** Throws `InvalidArgumentException`, and `ExpiredIteratorException` five minutes after it was given. */
export function readIterator(text: string, now: number): IteratorToken {
  const token = parse(text);
  if (
    token === undefined ||
    typeof token.stream !== 'string' ||
    typeof token.streamId !== 'number' ||
    typeof token.shard !== 'string' ||
    typeof token.after !== 'string' ||
    !/^\d{1,128}$/.test(token.after) ||
    typeof token.issuedAt !== 'number'
  ) {
    throw new KinesisFault('InvalidArgumentException', 'Invalid ShardIterator.');
  }
  const { stream, streamId, shard, after, issuedAt } = token;
  if (now - issuedAt > TOKEN_LIFE) {
    throw new KinesisFault(
      'ExpiredIteratorException',
      `Iterator expired. The iterator was created at time ${utc(issuedAt)} while right now it is ${utc(now)} which is ` +
        `further in the future than the tolerated delay of ${TOKEN_LIFE} milliseconds.`,
    );
  }
  return { stream, streamId, shard, after, issuedAt };
}

/** Throws `InvalidArgumentException`, and `ExpiredNextTokenException` five minutes after it was given. */
export function readListToken(text: string, now: number): ListToken {
  const token = parse(text);
  if (
    token === undefined ||
    typeof token.stream !== 'string' ||
    typeof token.after !== 'string' ||
    typeof token.issuedAt !== 'number'
  ) {
    throw new KinesisFault('InvalidArgumentException', 'Invalid NextToken.');
  }
  if (now - token.issuedAt > TOKEN_LIFE) {
    throw new KinesisFault('ExpiredNextTokenException', 'The pagination token expired.');
  }
  const { stream, after, issuedAt } = token;
  const filter = readFilter(token.filter);
  return { stream, after, issuedAt, ...(filter === undefined ? {} : { filter }) };
}

function readFilter(value: unknown): ListToken['filter'] {
  if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string')
    return undefined;
  return {
    type: value.type,
    ...('shard' in value && typeof value.shard === 'string' ? { shard: value.shard } : {}),
    ...('time' in value && typeof value.time === 'number' ? { time: value.time } : {}),
  };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `Thu Dec 10 01:59:39 UTC 2015`, as the service writes it. */
function utc(time: number): string {
  const [day, date, month, year, clock] = new Date(time).toUTCString().replace(',', '').split(' ');
  return `${day!} ${month!} ${date!} ${clock!} UTC ${year!}`;
}
