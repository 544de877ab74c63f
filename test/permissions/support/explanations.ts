import type { Explanation } from './compare.ts';

/** What Lambda itself does with a function's role; no code of ours asks for it. */
export const OF_LAMBDA: readonly Explanation[] = [
  {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resource: /^<\w*Logs\w*\.Arn>$/,
    because: 'Lambda writes what a function prints to its own log group',
  },
  {
    handlers: ['ingest'],
    actions: [
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesis:ListShards',
    ],
    resource: /:stream\/flights-\w+$/,
    because: 'the event source mapping reads the stream with the role of the function',
  },
  {
    handlers: ['ingest'],
    actions: ['s3:PutObject'],
    resource: /-failures\/\*$/,
    because: 'the event source mapping puts what it gave up there',
  },
  {
    handlers: ['ingest'],
    actions: ['s3:ListBucket'],
    resource: /-failures$/,
    because: 'an event source mapping asks for it with an on-failure destination in S3',
  },
  {
    handlers: ['commit'],
    actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
    resource: /LedgerStreamArn|Ledger\w+StreamArn/,
    because: 'the event source mapping reads the ledger’s stream with the role of the function',
  },
  {
    handlers: ['commit'],
    actions: ['dynamodb:ListStreams'],
    resource: /^\*$/,
    because: 'the event source mapping finds the ledger’s stream with it',
  },
];

const TRACES: readonly Explanation[] = [
  {
    actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
    resource: /^\*$/,
    because: 'the X-Ray daemon of Lambda sends traces with the role of the function',
  },
];

/** What a table of the example has no occasion to do, and another one shows. */
export const OF_LARGE_FILES: readonly Explanation[] = [
  {
    handlers: ['ingest'],
    actions: ['s3:AbortMultipartUpload'],
    resource: /\/warehouse\/_staged\/(flights_ops|flights_realtime)\/\w+\/\*$/,
    because: 'only files of flight_activity are made large; the code is the same for every table',
  },
  {
    handlers: ['integrate', 'maintain'],
    actions: ['s3:AbortMultipartUpload'],
    resource: /\/warehouse\/flights_(ops|realtime|gold)\/\w+\/data\/\*$/,
    because:
      'only files of flight_activity and of the flights are made large; the code is the same for every table',
  },
  {
    handlers: ['integrate'],
    actions: ['s3:AbortMultipartUpload'],
    resource: /\/warehouse\/flights_silver\/\*\/metadata\/\*$/,
    because: 'the list of groups that a merge touched is uploaded in parts when it is larger than 16 MiB',
  },
];

const NETWORK: readonly Explanation[] = [
  {
    actions: [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    resource: /^\*$/,
    because: 'Lambda joins a VPC with the role of the function',
  },
];

const FAN_OUT: readonly Explanation[] = [
  {
    handlers: ['ingest'],
    actions: ['kinesis:SubscribeToShard', 'kinesis:DescribeStreamConsumer'],
    resource: /Consumer\w*\.ConsumerARN>$/,
    because: 'the event source mapping has records pushed to it with the role of the function',
  },
];

const ALWAYS = [...OF_LAMBDA, ...OF_LARGE_FILES];

/** Settings that change what functions may do, and what explains the difference. */
export const OPTIONS: readonly {
  name: string;
  settings: Record<string, unknown>;
  explanations: readonly Explanation[];
}[] = [
  { name: 'the default', settings: {}, explanations: [...ALWAYS, ...TRACES] },
  { name: 'a customer key', settings: { encryption: 'customer' }, explanations: [...ALWAYS, ...TRACES] },
  {
    name: 'a private network',
    settings: { network: 'private' },
    explanations: [...ALWAYS, ...TRACES, ...NETWORK],
  },
  {
    name: 'enhanced fan-out',
    settings: { 'stream.enhancedFanOut': true },
    explanations: [...ALWAYS, ...TRACES, ...FAN_OUT],
  },
  { name: 'no traces', settings: { tracing: false }, explanations: ALWAYS },
];

/** Actions that take no resource, by the service authorization reference, or whose resources have no names before. */
export const WITHOUT_RESOURCE: ReadonlyMap<string, string> = new Map([
  ...['xray:PutTelemetryRecords', 'xray:PutTraceSegments'].map(
    (a) => [a, 'X-Ray takes no resource'] as const,
  ),
  ...['xray:GetSamplingRules', 'xray:GetSamplingTargets'].map((a) => [a, 'X-Ray takes no resource'] as const),
  ['dynamodb:ListStreams', 'takes no resource'],
  ...NETWORK[0]!.actions.map((a) => [a, 'Lambda names its network interfaces itself'] as const),
  ...[
    'logs:CreateLogDelivery',
    'logs:GetLogDelivery',
    'logs:UpdateLogDelivery',
    'logs:DeleteLogDelivery',
    'logs:ListLogDeliveries',
    'logs:PutResourcePolicy',
    'logs:DescribeResourcePolicies',
    'logs:DescribeLogGroups',
  ].map((a) => [a, 'delivery of logs by Step Functions takes no resource'] as const),
]);
