import { TidemarkError } from '../../errors.ts';

export interface S3Place {
  bucket: string;
  key: string;
}

const URI = /^(s3[an]?:\/\/)([^/]+)\/(.*)$/s;

/**
 * Bucket and key of `s3://bucket/key`. The key is taken as it stands, never percent-decoded, as Iceberg's other
 * writers and readers take it; `s3a` and `s3n` are what Spark may have put into a table's metadata.
 */
export function s3Place(uri: string): S3Place {
  const match = URI.exec(uri);
  if (match) return { bucket: match[2]!, key: match[3]! };
  throw new TidemarkError('invalid', `not the URI of an S3 object: ${uri}`, {
    context: { uri },
    remedy: 'use s3://bucket/key',
  });
}

/** `s3://bucket/`, with the scheme that `uri` has. */
export function bucketUri(uri: string): string {
  const match = URI.exec(uri);
  return match ? `${match[1]}${match[2]}/` : uri;
}
