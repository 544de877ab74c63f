// A sandbox of Lambda in a process of its own: loads a handler's bundle and runs the events that it is sent, one at a
// time. `SHIFT_CLOCK_MS` moves its clock, for what only happens after days. Pauses between attempts are short.
const shift = Number(process.env.SHIFT_CLOCK_MS ?? 0);
const now = Date.now.bind(Date);
Date.now = () => now() + shift;

const timers = require('node:timers/promises');
const pause = timers.setTimeout;
timers.setTimeout = (ms, ...rest) => pause(ms / 50, ...rest);

const { handler } = require(process.argv[2]);
const context = {
  functionName: process.env.AWS_ACCESS_KEY_ID,
  awsRequestId: 'request',
  invokedFunctionArn: 'arn',
  memoryLimitInMB: '1769',
  functionVersion: '1',
  logGroupName: '',
  logStreamName: '',
  callbackWaitsForEmptyEventLoop: true,
  getRemainingTimeInMillis: () => 600_000,
};

process.on('message', (event) => {
  handler(event, context).then(
    (result) => process.send({ result: result ?? null }),
    (error) => process.send({ error: error instanceof Error ? String(error.stack) : String(error) }),
  );
});
