import { open, type FileHandle } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { TidemarkError } from '../../errors.ts';
import type { S3Clients } from './aws-clients.ts';
import { awsError, faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';
import { s3Place, type S3Place } from './s3-uri.ts';

/** User metadata that names the write an object came from. */
const TOKEN = 'tidemark-write';
const CHECKSUM = 'CRC32';
/** S3's limits: "Amazon S3 multipart upload limits". */
const MOST_PARTS = 10_000;
const BACKOFF: Backoff = { attempts: 6, firstMs: 50, longestMs: 2_000 };

export interface S3WriteSettings {
  /** Files above this are uploaded in parts. @default 16 MiB */
  multipartBytes?: number;
  /** At least S3's 5 MiB. @default 16 MiB; more where the file would need over 10,000 parts */
  partBytes?: number;
  /** Parts under way at once; each is held in memory. @default 4 */
  parallelParts?: number;
}

/**
 * One conditional write of one object: `If-None-Match: *` on PutObject, or on CompleteMultipartUpload, where the
 * object appears. (S3 User Guide, "How to prevent object overwrites with conditional writes": 412 when the object
 * exists; 409 ConditionalRequestConflict when another request was under way, to be tried again; after it an upload in
 * parts is started anew.)
 *
 * The object carries a token of this write in its user metadata. So a repeated request that meets its own earlier
 * success, answered by 412, is told apart from somebody else's object with certainty, also when the bytes are the
 * same, when the key is encrypted (the ETag is no hash then), and when it was uploaded in parts.
 */
export class S3Write {
  readonly #clients: S3Clients;
  readonly #pace: Pace;
  readonly #uri: string;
  readonly #place: S3Place;
  readonly #token: string;

  constructor(clients: S3Clients, pace: Pace, uri: string) {
    this.#clients = clients;
    this.#pace = pace;
    this.#uri = uri;
    this.#place = s3Place(uri);
    this.#token = pace.random.uuid();
  }

  /** Throws `conflict` when the object exists, `unknown` when it may yet appear. */
  bytes(body: Uint8Array): Promise<void> {
    const { bucket, key } = this.#place;
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentLength: body.byteLength,
      IfNoneMatch: '*',
      ChecksumAlgorithm: CHECKSUM,
      Metadata: { [TOKEN]: this.#token },
    });
    return this.#settle(() => this.#clients.write.send(command));
  }

  /** As `bytes`, from a file: in one request when it is small, else in parts. Memory is bounded by the settings. */
  async file(path: string, settings: S3WriteSettings): Promise<void> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size <= (settings.multipartBytes ?? 16 * 1024 ** 2)) {
        await this.bytes(await file.readFile());
        return;
      }
      await this.#settle(() => this.#multipart(file, size, settings), true);
    } finally {
      await file.close();
    }
  }

  /**
   * Tries until it is known whether the object is there and is ours.
   * @param large whether looking is cheaper than trying again
   */
  async #settle(attempt: () => Promise<unknown>, large = false): Promise<void> {
    const context = { uri: this.#uri };
    let ambiguous = false;
    let cause: unknown;
    for (let n = 1; n <= BACKOFF.attempts; n++) {
      if (n > 1) await pause(this.#pace, BACKOFF, n - 1);
      try {
        await attempt();
        return;
      } catch (error) {
        if (error instanceof TidemarkError) throw error;
        cause = error;
        const { fate, status, name } = faultOf(error);
        if (status === 412) {
          await this.#conflictUnlessOurs(error);
          return;
        }
        // Completing again an upload that is complete already: NoSuchUpload.
        if (name === 'NoSuchUpload' && (await this.#look()) === 'ours') return;
        if (fate === 'ambiguous' && large && (await this.#look(error)) === 'ours') return;
        ambiguous ||= fate === 'ambiguous';
        if (fate === 'refused' && status !== 409 && name !== 'NoSuchUpload')
          throw awsError(error, 'write an object', context);
      }
    }
    if (!ambiguous) {
      const throttled = faultOf(cause).fate === 'throttled';
      throw awsError(cause, 'write an object', context, throttled ? 'throttled' : 'unavailable');
    }
    await pause(this.#pace, BACKOFF, BACKOFF.attempts);
    const sight = await this.#look(cause);
    if (sight === 'ours') return;
    if (sight === 'theirs') throw this.#conflict(cause);
    throw new TidemarkError('unknown', `whether ${this.#uri} was written is not known`, {
      context,
      remedy: 'write under another name, or look again later',
      cause,
    });
  }

  async #conflictUnlessOurs(cause: unknown): Promise<void> {
    if ((await this.#look(cause)) !== 'ours') throw this.#conflict(cause);
  }

  #conflict(cause: unknown): TidemarkError {
    return new TidemarkError('conflict', `an object exists already at ${this.#uri}`, {
      context: { uri: this.#uri },
      cause,
    });
  }

  /** Whose object stands there. @param cause what made us look: an answer that does not come leaves that unknown */
  async #look(cause?: unknown): Promise<'ours' | 'theirs' | 'absent'> {
    const { bucket, key } = this.#place;
    try {
      const head = await this.#clients.read.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
      return head.Metadata?.[TOKEN] === this.#token ? 'ours' : 'theirs';
    } catch (error) {
      if (faultOf(error).status === 404) return 'absent';
      throw new TidemarkError('unknown', `whether ${this.#uri} was written is not known`, {
        context: { uri: this.#uri, error: faultOf(error).name },
        cause: cause ?? error,
      });
    }
  }

  async #multipart(file: FileHandle, size: number, settings: S3WriteSettings): Promise<void> {
    const { read, write } = this.#clients;
    const target = { Bucket: this.#place.bucket, Key: this.#place.key };
    const begun = await read.send(
      new CreateMultipartUploadCommand({
        ...target,
        ChecksumAlgorithm: CHECKSUM,
        Metadata: { [TOKEN]: this.#token },
      }),
    );
    const upload = { ...target, UploadId: begun.UploadId };
    let completing = false;
    try {
      const Parts = await this.#parts(file, size, upload, settings);
      completing = true;
      await write.send(
        new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts }, IfNoneMatch: '*' }),
      );
    } catch (error) {
      // After an ambiguous answer the upload may still be completing, and is left alone. Where the abort fails, the
      // parts are left to the bucket's lifecycle rule: what the caller must know is why the upload failed.
      if (!completing || faultOf(error).fate !== 'ambiguous')
        await Promise.allSettled([read.send(new AbortMultipartUploadCommand(upload))]);
      throw error;
    }
  }

  async #parts(
    file: FileHandle,
    size: number,
    upload: { Bucket: string; Key: string; UploadId: string | undefined },
    settings: S3WriteSettings,
  ): Promise<CompletedPart[]> {
    const partBytes = Math.max(settings.partBytes ?? 16 * 1024 ** 2, Math.ceil(size / MOST_PARTS));
    const parts: CompletedPart[] = [];
    const count = Math.ceil(size / partBytes);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const index = next++;
        const length = Math.min(partBytes, size - index * partBytes);
        const body = Buffer.alloc(length);
        const { bytesRead } = await file.read(body, 0, length, index * partBytes);
        if (bytesRead !== length)
          throw new TidemarkError('internal', 'a file changed while it was uploaded', {
            context: { uri: this.#uri },
          });
        const PartNumber = index + 1;
        const done = await this.#clients.read.send(
          new UploadPartCommand({ ...upload, PartNumber, Body: body, ChecksumAlgorithm: CHECKSUM }),
        );
        parts[index] = { PartNumber, ETag: done.ETag, ChecksumCRC32: done.ChecksumCRC32 };
      }
    };
    const workers = Array.from({ length: Math.min(settings.parallelParts ?? 4, count) }, worker);
    const failed = (await Promise.allSettled(workers)).find((w) => w.status === 'rejected');
    if (failed) throw failed.reason;
    return parts;
  }
}
