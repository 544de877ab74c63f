import type { Answer, Incoming, Need, ServiceDouble } from './call.ts';
import { OncePer } from './once-per.ts';

interface StoredObject {
  body: Buffer;
  /** User metadata, as headers. */
  metadata: Record<string, string>;
  modifiedAt: Date;
}

interface Upload {
  metadata: Record<string, string>;
  parts: Map<number, Buffer>;
}

interface Place {
  bucket: string;
  key: string;
}

/** What a request does, before it is done. */
interface Operation {
  name: string;
  action: string;
  work: () => Answer;
}

const xml = (body: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
});
const error = (status: number, code: string): Answer => ({
  ...xml(`<Error><Code>${code}</Code><Message>${code} was said</Message></Error>`),
  status,
});
/** Applied or not, nobody knows. */
const LOST = error(500, 'InternalError');
/** Every attempt of the adapter, after which it looks for itself. */
const EVERY_ATTEMPT = 6;

/**
 * S3 in memory. It disturbs each caller so that the ways out of trouble are gone too: the answer to the first put of
 * each kind of object is lost, one put and one upload a caller never take effect, and the first part of an upload is refused.
 */
export class S3Double implements ServiceDouble {
  readonly #objects = new Map<string, StoredObject>();
  readonly #uploads = new Map<string, Upload>();
  readonly #lostPuts = new OncePer();
  readonly #vainPuts = new OncePer(EVERY_ATTEMPT);
  readonly #vainKey = new Map<string, string>();
  readonly #refusedParts = new OncePer();
  readonly #vainUploads = new OncePer();
  #uploadIds = 0;

  /** Puts an object as somebody else would. */
  put(bucket: string, key: string, body: string): void {
    this.#objects.set(`${bucket}/${key}`, { body: Buffer.from(body), metadata: {}, modifiedAt: new Date() });
  }

  handle(request: Incoming): { operation: string; needs: Need[]; answer: Answer } {
    const place = placeOf(request.url);
    const { name, action, work } = this.#operation(request, place);
    const answer = work();
    const bucket = `arn:aws:s3:::${place.bucket}`;
    const needs: Need[] = [{ action, resource: place.key === '' ? bucket : `${bucket}/${place.key}` }];
    // Without it S3 says of an absent object that access is denied.
    if (answer.status === 404 && action === 's3:GetObject')
      needs.push({ action: 's3:ListBucket', resource: bucket });
    return { operation: name, needs, answer };
  }

  #operation({ method, url, headers, body, caller }: Incoming, { bucket, key }: Place): Operation {
    const path = `${bucket}/${key}`;
    const upload = url.searchParams.get('uploadId');
    switch (method) {
      case 'GET':
        if (key === '')
          return { name: 'ListObjectsV2', action: 's3:ListBucket', work: () => this.#list(bucket, url) };
        return { name: 'GetObject', action: 's3:GetObject', work: () => this.#get(path, true) };
      case 'HEAD':
        return { name: 'HeadObject', action: 's3:GetObject', work: () => this.#get(path, false) };
      case 'PUT':
        if (upload !== null)
          return {
            name: 'UploadPart',
            action: 's3:PutObject',
            work: () => this.#part(caller, upload, Number(url.searchParams.get('partNumber')), body),
          };
        return {
          name: 'PutObject',
          action: 's3:PutObject',
          work: () => this.#put(caller, path, body, metadataOf(headers)),
        };
      case 'POST':
        if (upload !== null)
          return {
            name: 'CompleteMultipartUpload',
            action: 's3:PutObject',
            work: () => this.#complete(caller, path, upload),
          };
        return {
          name: 'CreateMultipartUpload',
          action: 's3:PutObject',
          work: () => this.#create(metadataOf(headers)),
        };
      case 'DELETE':
        if (upload !== null)
          return {
            name: 'AbortMultipartUpload',
            action: 's3:AbortMultipartUpload',
            work: () => this.#gone(this.#uploads, upload),
          };
        return {
          name: 'DeleteObject',
          action: 's3:DeleteObject',
          work: () => this.#gone(this.#objects, path),
        };
      default:
        throw new Error(`the double of S3 does not know ${method} ${url.href}`);
    }
  }

  #get(path: string, withBody: boolean): Answer {
    const found = this.#objects.get(path);
    if (!found) return withBody ? error(404, 'NoSuchKey') : { status: 404 };
    const headers = {
      ...found.metadata,
      'content-length': String(found.body.length),
      'last-modified': found.modifiedAt.toUTCString(),
    };
    return { status: 200, headers, ...(withBody ? { body: found.body } : {}) };
  }

  #put(caller: string, path: string, body: Buffer, metadata: Record<string, string>): Answer {
    if (this.#objects.has(path)) return error(412, 'PreconditionFailed');
    const vain = this.#vainKey.get(caller);
    if (vain === undefined) this.#vainKey.set(caller, path);
    if ((vain ?? path) === path && this.#vainPuts.first(caller)) return LOST;
    this.#objects.set(path, { body, metadata, modifiedAt: new Date() });
    return this.#lostPuts.first(caller, kindOf(path)) ? LOST : { status: 200, headers: { etag: '"put"' } };
  }

  #create(metadata: Record<string, string>): Answer {
    const id = `upload-${++this.#uploadIds}`;
    this.#uploads.set(id, { metadata, parts: new Map() });
    return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }

  #part(caller: string, id: string, number: number, body: Buffer): Answer {
    if (this.#refusedParts.first(caller)) return error(403, 'AccessDenied');
    const upload = this.#uploads.get(id);
    if (!upload) return error(404, 'NoSuchUpload');
    upload.parts.set(number, body);
    return { status: 200, headers: { etag: `"part-${number}"` } };
  }

  #complete(caller: string, path: string, id: string): Answer {
    if (this.#vainUploads.first(caller)) return LOST;
    const upload = this.#uploads.get(id);
    if (!upload) return error(404, 'NoSuchUpload');
    const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, body]) => body);
    this.#objects.set(path, {
      body: Buffer.concat(parts),
      metadata: upload.metadata,
      modifiedAt: new Date(),
    });
    this.#uploads.delete(id);
    return xml('<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>');
  }

  #gone(all: Map<string, unknown>, key: string): Answer {
    all.delete(key);
    return { status: 204 };
  }

  #list(bucket: string, url: URL): Answer {
    const prefix = `${bucket}/${url.searchParams.get('prefix') ?? ''}`;
    const found = [...this.#objects].filter(([path]) => path.startsWith(prefix));
    const contents = found.map(
      ([path, { body, modifiedAt }]) =>
        `<Contents><Key>${encodeURIComponent(path.slice(bucket.length + 1))}</Key>` +
        `<Size>${body.length}</Size><LastModified>${modifiedAt.toISOString()}</LastModified></Contents>`,
    );
    return xml(
      `<ListBucketResult><KeyCount>${found.length}</KeyCount><IsTruncated>false</IsTruncated>` +
        `<EncodingType>url</EncodingType>${contents.join('')}</ListBucketResult>`,
    );
  }
}

function placeOf(url: URL): Place {
  const [bucket = '', ...key] = decodeURIComponent(url.pathname.slice(1)).split('/');
  return { bucket, key: key.join('/') };
}

const metadataOf = (headers: Incoming['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).filter((h): h is [string, string] => h[0].startsWith('x-amz-meta-')),
  );

/** Folder and ending: what tells metadata, manifests, marks and data files apart. */
const kindOf = (path: string): string =>
  `${path.slice(0, path.lastIndexOf('/'))}*${path.slice(path.lastIndexOf('.'))}`;
