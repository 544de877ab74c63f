import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

export interface Permission {
  actions: string[];
  resources: string[];
  /** Why a wildcard in `resources` is as narrow as it can be; needed when there is one. */
  because?: string;
  conditions?: Record<string, Record<string, unknown>>;
}

/** An ARN as it reads in a template, with references in angle brackets: the form in which cdk-nag names a finding. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const node = value as Record<string, unknown>;
  if (Array.isArray(node['Fn::Join'])) {
    const [delimiter, items] = node['Fn::Join'] as [string, unknown[]];
    return items.map(flat).join(delimiter);
  }
  if (Array.isArray(node['Fn::GetAtt'])) return `<${(node['Fn::GetAtt'] as unknown[]).map(flat).join('.')}>`;
  if ('Ref' in node) return `<${flat(node['Ref'])}>`;
  return JSON.stringify(node);
}

/** Notes why a construct breaks a rule of cdk-nag. */
export function acknowledge(scope: IConstruct, id: string, reason: string): void {
  Validations.of(scope).acknowledge({ id, reason });
}

/** Notes why each wildcard among `resources` stands in a policy at or below `scope`. */
export function acknowledgeWildcards(scope: IConstruct, resources: string[], reason: string): void {
  for (const resource of resources) {
    const name = flat(Stack.of(scope).resolve(resource));
    if (name.includes('*')) acknowledge(scope, `AwsSolutions-IAM5[Resource::${name}]`, reason);
  }
}

/**
 * Adds statements to a grantee's policy. Every wildcard must say why it is needed.
 * @param scope construct under which the grantee's policy stands
 */
export function allow(scope: IConstruct, grantee: IGrantable, ...permissions: Permission[]): void {
  for (const { actions, resources, because, conditions } of permissions) {
    if (resources.length === 0) continue;
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ actions, resources, ...(conditions ? { conditions } : {}) }),
    );
    if (because !== undefined) acknowledgeWildcards(scope, resources, because);
  }
}
