import type { Template } from 'aws-cdk-lib/assertions';
import type { Deployed } from '../../stacks/support.ts';
import { textOf, type Environment } from './template-values.ts';

/** One action on one resource that a role may do; the resource may hold `*`. */
export interface Grant {
  action: string;
  resource: string;
}

/** A function as it is deployed: what it may do, and what it is told. */
export interface DeployedFunction {
  name: string;
  /** Of `lambdas/`. */
  handler: string;
  /** ARN of the customer's key; absent when there is none. */
  key?: string;
  environment: Record<string, string>;
  grants: Grant[];
}

interface Statement {
  Effect: string;
  Action: unknown;
  Resource: unknown;
}

interface Resource {
  Type: string;
  Properties: {
    FunctionName?: string;
    KmsKeyArn?: unknown;
    Role?: unknown;
    Roles?: { Ref: string }[];
    ManagedPolicyArns?: unknown[];
    Policies?: unknown[];
    PolicyDocument?: { Statement: Statement[] };
    Environment?: { Variables: Record<string, unknown> };
  };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

function grantsOf({ Effect, Action, Resource }: Statement, environment: Environment): Grant[] {
  if (Effect !== 'Allow') throw new Error(`the test does not know statements that ${Effect.toLowerCase()}`);
  return listOf(Action).flatMap((action) =>
    listOf(Resource).map((resource) => ({
      action: textOf(action, environment),
      resource: textOf(resource, environment),
    })),
  );
}

const unique = (grants: Grant[]): Grant[] => [
  ...new Map(grants.map((grant) => [`${grant.action} ${grant.resource}`, grant])).values(),
];

/** What each role of a template may do, by the role's logical id. */
function roleGrants(resources: Record<string, Resource>, environment: Environment): Map<string, Grant[]> {
  const roles = new Map<string, Grant[]>();
  for (const [id, { Type, Properties }] of Object.entries(resources)) {
    if (Type === 'AWS::IAM::Role' && (Properties.ManagedPolicyArns ?? Properties.Policies))
      throw new Error(`the role ${id} has policies that the test does not read`);
    if (Type !== 'AWS::IAM::Policy') continue;
    const grants = Properties.PolicyDocument!.Statement.flatMap((s) => grantsOf(s, environment));
    for (const { Ref } of Properties.Roles ?? [])
      roles.set(Ref, unique([...(roles.get(Ref) ?? []), ...grants]));
  }
  return roles;
}

/** The functions of a lakehouse's pipeline. */
export function deployedFunctions({ pipeline }: Deployed, environment: Environment): DeployedFunction[] {
  const resources = resourcesOf(pipeline);
  const roles = roleGrants(resources, environment);
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::Lambda::Function')
    .map(({ Properties }) => {
      const [role = ''] = textOf(Properties.Role, environment).slice(1).split('.');
      const variables = Object.entries(Properties.Environment?.Variables ?? {});
      return {
        name: Properties.FunctionName ?? '',
        handler: Properties.FunctionName?.split('-')[1] ?? '',
        ...(Properties.KmsKeyArn === undefined ? {} : { key: textOf(Properties.KmsKeyArn, environment) }),
        environment: Object.fromEntries(variables.map(([k, v]) => [k, textOf(v, environment)])),
        grants: roles.get(role) ?? [],
      };
    });
}

/** What roles may do that are not of functions, by logical id: the schedules' and the state machine's. */
export function otherRoles({ pipeline }: Deployed, environment: Environment): Map<string, Grant[]> {
  const resources = resourcesOf(pipeline);
  const ofFunctions = new Set(
    Object.values(resources)
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(({ Properties }) => textOf(Properties.Role, environment).slice(1).split('.')[0]),
  );
  return new Map([...roleGrants(resources, environment)].filter(([role]) => !ofFunctions.has(role)));
}

const resourcesOf = (template: Template): Record<string, Resource> =>
  (template.toJSON() as { Resources: Record<string, Resource> }).Resources;
