/** What pseudo parameters of CloudFormation stand for. */
export interface Environment {
  account: string;
  region: string;
}

type Node = Readonly<Record<string, unknown>>;

/**
 * A value of a template as text. What is only known after the deployment is named in angle brackets:
 * `<LogicalId.Arn>`.
 */
export function textOf(value: unknown, environment: Environment): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return String(value);
  const node = value as Node;
  if (Array.isArray(node['Fn::Join'])) {
    const [delimiter, parts] = node['Fn::Join'] as [string, unknown[]];
    return parts.map((part) => textOf(part, environment)).join(delimiter);
  }
  if (typeof node['Fn::Sub'] === 'string')
    return node['Fn::Sub'].replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => pseudo(name, environment));
  if (Array.isArray(node['Fn::GetAtt'])) return `<${(node['Fn::GetAtt'] as string[]).join('.')}>`;
  if (node['Fn::ImportValue'] !== undefined) return `<${textOf(node['Fn::ImportValue'], environment)}>`;
  if (typeof node.Ref === 'string') return pseudo(node.Ref, environment);
  throw new Error(`cannot read ${JSON.stringify(value)} of a template`);
}

function pseudo(name: string, { account, region }: Environment): string {
  switch (name) {
    case 'AWS::Partition':
      return 'aws';
    case 'AWS::AccountId':
      return account;
    case 'AWS::Region':
      return region;
    default:
      return `<${name}>`;
  }
}
