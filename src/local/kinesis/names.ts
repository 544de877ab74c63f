/** The account that streams belong to in names and messages: there is only one here. */
export const ACCOUNT = '000000000000';

export function streamArn(region: string, name: string): string {
  return `arn:aws:kinesis:${region}:${ACCOUNT}:stream/${name}`;
}

/** The stream's name in an ARN, of any region and account; undefined when it is not a stream's. */
export function nameInArn(arn: string): string | undefined {
  return /^arn:aws[^:]*:kinesis:[^:]*:\d{12}:stream\/([a-zA-Z0-9_.-]{1,128})$/.exec(arn)?.[1];
}

/** `of stream a under account b`, as the service words it. */
export function inAccount(name: string): string {
  return `${name} under account ${ACCOUNT}`;
}
