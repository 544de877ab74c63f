import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Plan } from '../../src/definition/plan.ts';
import { integrationStages } from '../../src/integrate/steps.ts';
import type { State, StateMachine } from '../../lib/integration-definition.ts';
import { deploy, flightsPlan, resources, type Deployed } from './support.ts';

let plan: Plan;
let deployed: Deployed;
let machine: StateMachine;

/** The definition as CloudFormation will put it together, references as their names. */
function definitionOf({ pipeline }: Deployed): StateMachine {
  const [found] = resources(pipeline, 'AWS::StepFunctions::StateMachine');
  const definition = found!.Properties['DefinitionString'];
  if (typeof definition === 'string') return JSON.parse(definition) as StateMachine;
  const [, parts] = (definition as { 'Fn::Join': [string, unknown[]] })['Fn::Join'];
  return JSON.parse(parts.map((p) => (typeof p === 'string' ? p : '<reference>')).join('')) as StateMachine;
}

beforeAll(async () => {
  plan = await flightsPlan();
  deployed = deploy(plan);
  machine = definitionOf(deployed);
});

const steps = (states: Record<string, State>): State => (states['Run step'] ?? {}) as State;
const inner = (stage: State): Record<string, State> =>
  (stage['ItemProcessor'] as { States: Record<string, State> }).States;

describe('the state machine', () => {
  test('has the plan’s integration stages, in their order', () => {
    const stages: unknown[] = [];
    for (let name = machine.States['Lock']!['Next'] as string; name.startsWith('Stage');) {
      const stage = machine.States[name]!;
      stages.push(stage['Items']);
      name = stage['Next'] as string;
    }
    expect(stages).toEqual(integrationStages(plan));
    expect(stages.length).toBeGreaterThan(1);
  });

  test('every state that is named is there, and every state is named', () => {
    const check = (states: Record<string, State>, start: string): void => {
      const named = new Set([start]);
      for (const state of Object.values(states)) {
        const catches = (state['Catch'] ?? []) as { Next: string }[];
        const choices = (state['Choices'] ?? []) as { Next: string }[];
        for (const next of [
          state['Next'],
          state['Default'],
          ...catches.map((c) => c.Next),
          ...choices.map((c) => c.Next),
        ])
          if (next !== undefined) named.add(next as string);
      }
      expect([...named].sort()).toEqual(Object.keys(states).sort());
    };
    check(machine.States, machine.StartAt);
    check(inner(machine.States['Stage 1']!), 'First round');
  });

  test('only one run goes on: the lock is taken on a condition, and given back by its owner', () => {
    const lock = machine.States['Lock']!;
    expect(lock['Resource']).toBe('arn:aws:states:::dynamodb:putItem');
    expect(lock['Arguments']).toMatchObject({
      TableName: 'flights-ledger',
      Item: { pk: { S: 'lock#integration' }, sk: { S: 'lock' } },
      ConditionExpression: 'attribute_not_exists(pk) OR #until < :now',
    });
    expect(machine.States['Unlock']!['Arguments']).toMatchObject({ ConditionExpression: '#run = :run' });
    // The lock ends after the run has: never before.
    const until = JSON.stringify((lock['Arguments'] as { Item: { until: unknown } }).Item.until);
    expect(Number(/\+ (\d+)/.exec(until)![1])).toBeGreaterThan(machine.TimeoutSeconds);
  });

  test('a step that fails is tried again, and does not stop the others, but the run fails', () => {
    const states = inner(machine.States['Stage 1']!);
    expect(steps(states)['Retry']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ ErrorEquals: ['States.TaskFailed'], MaxAttempts: 2 }),
      ]),
    );
    expect(steps(states)['Catch']).toEqual([{ ErrorEquals: ['States.ALL'], Next: 'Step failed' }]);
    expect(states['Step failed']!['Output']).toMatchObject({ outcome: 'failed', more: false });
    expect(machine.States['Failed?']!['Choices']).toEqual([
      { Condition: '{% $failed > 0 %}', Next: 'Some steps failed' },
    ]);
    expect(machine.States['Some steps failed']!.Type).toBe('Fail');
  });

  test('a step goes on while it says that rows were left, but not for ever', () => {
    const [choice] = inner(machine.States['Stage 1']!)['More?']!['Choices'] as {
      Condition: string;
      Next: string;
    }[];
    expect(choice).toEqual({
      Condition: '{% $states.input.more = true and $round <= 50 %}',
      Next: 'Run step',
    });
  });

  test('logs everything but data, is traced, and starts each minute', () => {
    deployed.pipeline.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineName: 'flights-integration',
      StateMachineType: 'STANDARD',
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
      TracingConfiguration: { Enabled: true },
    });
    deployed.pipeline.hasResourceProperties('AWS::Scheduler::Schedule', {
      State: 'ENABLED',
      ScheduleExpression: 'rate(1 minute)',
      Target: { RetryPolicy: { MaximumRetryAttempts: 0 } },
    });
  });

  test('may write nothing into the ledger but its lock', () => {
    const statements = resources(deployed.pipeline, 'AWS::IAM::Policy')
      .flatMap(
        ({ Properties }) =>
          (Properties['PolicyDocument'] as { Statement: Record<string, unknown>[] }).Statement,
      )
      .filter(({ Action }) => JSON.stringify(Action) === '["dynamodb:PutItem","dynamodb:DeleteItem"]');
    expect(statements).toEqual([
      expect.objectContaining({
        Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['lock#integration'] } },
      }),
    ]);
  });

  test('of a lakehouse without Silver has no stage', () => {
    const without = definitionOf(deploy({ ...plan, name: 'bare', silver: [], gold: [] }));
    expect(without.States['Lock']!['Next']).toBe('Unlock');
  });
});
