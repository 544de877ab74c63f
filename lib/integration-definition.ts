import type { IntegrationStep } from '../src/integrate/steps.ts';

/** What the state machine calls and how far it goes. Values may be CDK tokens. */
export interface IntegrationDefinition {
  stages: IntegrationStep[][];
  functionArn: string;
  lockTable: string;
  /** Key attributes of the lock's table. */
  lockKey: { partition: string; sort: string };
  /** Steps of a stage at a time. */
  concurrency: number;
  /** Rounds of one step while it says `more`; the rest waits for the next run. */
  rounds: number;
  timeoutSeconds: number;
}

export interface State {
  Type: string;
  [field: string]: unknown;
}
export interface StateMachine {
  Comment: string;
  QueryLanguage: 'JSONata';
  StartAt: string;
  TimeoutSeconds: number;
  States: Record<string, State>;
}

/** Partition and sort key of the item that a run holds while it goes on. */
export const LOCK = { partition: 'lock#integration', sort: 'lock' } as const;

const lambdaRetry = [
  {
    // Not the function's own failures: those are tried again with the next run.
    ErrorEquals: [
      'Lambda.ClientExecutionTimeoutException',
      'Lambda.ServiceException',
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
      'Lambda.TooManyRequestsException',
    ],
    IntervalSeconds: 1,
    MaxAttempts: 6,
    BackoffRate: 2,
    JitterStrategy: 'FULL',
  },
  {
    ErrorEquals: ['States.TaskFailed'],
    IntervalSeconds: 2,
    MaxAttempts: 2,
    BackoffRate: 2,
    JitterStrategy: 'FULL',
  },
];

/** One step: the function, again while it says that rows were left. A failing step does not stop the others. */
function stepProcessor({ functionArn, rounds }: IntegrationDefinition): Record<string, unknown> {
  return {
    ProcessorConfig: { Mode: 'INLINE' },
    StartAt: 'First round',
    States: {
      'First round': { Type: 'Pass', Assign: { step: '{% $states.input %}', round: 1 }, Next: 'Run step' },
      'Run step': {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Arguments: { FunctionName: functionArn, Payload: '{% $step %}' },
        Output: '{% $states.result.Payload %}',
        Assign: { round: '{% $round + 1 %}' },
        Retry: lambdaRetry,
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Step failed' }],
        Next: 'More?',
      },
      'More?': {
        Type: 'Choice',
        Choices: [{ Condition: `{% $states.input.more = true and $round <= ${rounds} %}`, Next: 'Run step' }],
        Default: 'Step done',
      },
      'Step done': { Type: 'Succeed' },
      'Step failed': {
        Type: 'Pass',
        Output: { step: '{% $step.id %}', outcome: 'failed', read: 0, changed: 0, more: false },
        End: true,
      },
    },
  };
}

const stageName = (index: number): string => `Stage ${index + 1}`;

/**
 * The state machine of an integration run, as data: one Map a stage, its steps independent of each other. A run holds a
 * lock in the ledger, so that runs never overlap; the lock ends by itself if a run is killed.
 */
export function integrationDefinition(settings: IntegrationDefinition): StateMachine {
  const { stages, lockTable, lockKey, timeoutSeconds } = settings;
  const key = { [lockKey.partition]: { S: LOCK.partition }, [lockKey.sort]: { S: LOCK.sort } };
  const owner = { ':run': { S: '{% $states.context.Execution.Name %}' } };
  const states: Record<string, State> = {
    Lock: {
      Type: 'Task',
      Resource: 'arn:aws:states:::dynamodb:putItem',
      Arguments: {
        TableName: lockTable,
        Item: {
          ...key,
          run: { S: '{% $states.context.Execution.Name %}' },
          until: { N: `{% $string($floor($millis() / 1000) + ${timeoutSeconds + 60}) %}` },
        },
        ConditionExpression: `attribute_not_exists(${lockKey.partition}) OR #until < :now`,
        ExpressionAttributeNames: { '#until': 'until' },
        ExpressionAttributeValues: { ':now': { N: '{% $string($floor($millis() / 1000)) %}' } },
      },
      Assign: { failed: 0 },
      Catch: [
        {
          ErrorEquals: [
            'DynamoDB.ConditionalCheckFailedException',
            'DynamoDb.ConditionalCheckFailedException',
          ],
          Next: 'Another run goes on',
        },
      ],
      Next: stages.length > 0 ? stageName(0) : 'Unlock',
    },
    'Another run goes on': { Type: 'Succeed' },
  };
  stages.forEach((steps, index) => {
    states[stageName(index)] = {
      Type: 'Map',
      Items: steps,
      MaxConcurrency: settings.concurrency,
      ItemProcessor: stepProcessor(settings),
      Assign: { failed: "{% $failed + $count($states.result[outcome = 'failed']) %}" },
      Next: index + 1 < stages.length ? stageName(index + 1) : 'Unlock',
    };
  });
  Object.assign(states, {
    Unlock: {
      Type: 'Task',
      Resource: 'arn:aws:states:::dynamodb:deleteItem',
      Arguments: {
        TableName: lockTable,
        Key: key,
        ConditionExpression: '#run = :run',
        ExpressionAttributeNames: { '#run': 'run' },
        ExpressionAttributeValues: owner,
      },
      // The lock ends by itself: a run whose merges are made has not failed.
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed?' }],
      Next: 'Failed?',
    },
    'Failed?': {
      Type: 'Choice',
      Choices: [{ Condition: '{% $failed > 0 %}', Next: 'Some steps failed' }],
      Default: 'Done',
    },
    'Some steps failed': {
      Type: 'Fail',
      Error: 'StepsFailed',
      Cause: "{% $string($failed) & ' steps failed; the next run tries them again' %}",
    },
    Done: { Type: 'Succeed' },
  });
  return {
    Comment: 'Silver up to the real-time tables, then Gold up to Silver',
    QueryLanguage: 'JSONata',
    StartAt: 'Lock',
    TimeoutSeconds: timeoutSeconds,
    States: states,
  };
}
