import { unlink } from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { TidemarkError } from '../../errors.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import type { S3Clients } from './aws-clients.ts';
import { awsError, faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';
import type { Download, DownloadCache } from './download-cache.ts';
import { bucketUri, s3Place } from './s3-uri.ts';
import { S3Write, type S3WriteSettings } from './s3-write.ts';

export interface S3ObjectStoreSettings extends S3WriteSettings {
  /** Where `readable` puts objects. Several stores may share one. @default none: `readable` throws kind `invalid` */
  cache?: DownloadCache;
}

/** For bodies that break off; the SDK itself repeats only until the headers came. */
const BODY: Backoff = { attempts: 4, firstMs: 50, longestMs: 1_000 };

/**
 * Objects in S3, which is strongly consistent for reads after writes and for lists. Writes are conditional and their
 * outcome is found out: see `S3Write`.
 *
 * A missing object is told as missing only to a role with `s3:ListBucket`; to others S3 answers 403.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #clients: S3Clients;
  readonly #pace: Pace;
  readonly #settings: S3ObjectStoreSettings;

  constructor(clients: S3Clients, pace: Pace, settings: S3ObjectStoreSettings = {}) {
    this.#clients = clients;
    this.#pace = pace;
    this.#settings = settings;
  }

  put(uri: string, bytes: Uint8Array): Promise<void> {
    return new S3Write(this.#clients, this.#pace, uri).bytes(bytes);
  }

  async putFile(uri: string, localPath: string): Promise<void> {
    await new S3Write(this.#clients, this.#pace, uri).file(localPath, this.#settings);
    // A Lambda's disk is small: what is durable in S3 does not stay on it.
    await unlink(localPath);
  }

  async get(uri: string): Promise<Uint8Array> {
    return this.#whole(uri, async ({ Body }) => Body!.transformToByteArray());
  }

  async head(uri: string): Promise<{ size: number } | undefined> {
    const { bucket, key } = s3Place(uri);
    try {
      const head = await this.#clients.read.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return { size: head.ContentLength ?? 0 };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw awsError(error, 'look at an object', { uri });
    }
  }

  async *list(prefix: string): AsyncIterable<{ uri: string; size: number; modifiedAt: number }> {
    const { bucket, key } = s3Place(prefix);
    const root = bucketUri(prefix);
    let token: string | undefined;
    do {
      const page = await this.#page(prefix, bucket, key, token);
      for (const object of page.Contents ?? [])
        yield {
          uri: `${root}${decodeKey(object.Key ?? '')}`,
          size: object.Size ?? 0,
          modifiedAt: object.LastModified?.getTime() ?? 0,
        };
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async delete(uri: string): Promise<void> {
    const { bucket, key } = s3Place(uri);
    try {
      await this.#clients.read.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    } catch (error) {
      if (!isAbsent(error)) throw awsError(error, 'delete an object', { uri });
    }
  }

  /** The file stays until `release`. */
  async readable(uri: string): Promise<string> {
    const { cache } = this.#settings;
    if (!cache)
      throw new TidemarkError('invalid', 'this store has no folder to make objects readable in', {
        context: { uri },
        remedy: 'give it a DownloadCache',
      });
    for (let attempt = 1; ; attempt++) {
      try {
        return await cache.path(uri, this, () => this.#download(uri));
      } catch (error) {
        if (error instanceof TidemarkError && !error.retryable) throw error;
        // Everything that is not of S3 or the network, such as a full disk, has a code of its own that is not theirs.
        if (attempt >= BODY.attempts || isLocal(error)) throw awsError(error, 'download an object', { uri });
        await pause(this.#pace, BODY, attempt);
      }
    }
  }

  /** Ends the use of every file that `readable` of this store gave: call it when a unit of work is done. */
  release(): void {
    this.#settings.cache?.release(this);
  }

  async #download(uri: string): Promise<Download> {
    const { Body, ContentLength } = await this.#object(uri);
    if (!(Body instanceof Readable) || ContentLength === undefined)
      throw new TidemarkError('internal', 'S3 gave an object without a body or a length', {
        context: { uri },
      });
    return { size: ContentLength, body: Body };
  }

  /** Gets the object and consumes its body; begins again when the body breaks off. */
  async #whole<T>(uri: string, consume: (output: GetObjectCommandOutput) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const output = await this.#object(uri);
      try {
        return await consume(output);
      } catch (error) {
        if (attempt >= BODY.attempts) throw awsError(error, 'read an object', { uri });
        await pause(this.#pace, BODY, attempt);
      }
    }
  }

  async #object(uri: string): Promise<GetObjectCommandOutput> {
    const { bucket, key } = s3Place(uri);
    try {
      return await this.#clients.read.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    } catch (error) {
      if (isAbsent(error))
        throw new TidemarkError('notFound', `no object at ${uri}`, { context: { uri }, cause: error });
      throw awsError(error, 'read an object', { uri });
    }
  }

  async #page(prefix: string, bucket: string, key: string, token: string | undefined) {
    try {
      return await this.#clients.read.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: key,
          // Keys may hold what XML cannot.
          EncodingType: 'url',
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      );
    } catch (error) {
      throw awsError(error, 'list objects', { prefix });
    }
  }
}

/** NoSuchKey; HEAD has no body and so only the status. A missing bucket is not a missing object. */
function isAbsent(error: unknown): boolean {
  const { name, status } = faultOf(error);
  return status === 404 && name !== 'NoSuchBucket';
}

function isLocal(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EACCES', 'EROFS'].includes(faultOf(error).name);
}

/** Undoes `EncodingType: url`, which is form encoding. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
