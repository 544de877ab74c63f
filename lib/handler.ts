import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Metric, Stats, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  Function as LambdaFunction,
  Runtime,
  Tracing,
  type ILayerVersion,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { METRICS_NAMESPACE } from '../lambdas/metric-names.ts';
import { acknowledge, allow, type Permission } from './allow.ts';
import { handlerCode, type DefinitionFiles, type HandlerName } from './assets.ts';
import { functionName } from './names.ts';

/** What all functions of a lakehouse share. */
export interface HandlerDefaults {
  definition: DefinitionFiles;
  /** @default Architecture.ARM_64 */
  architecture?: Architecture;
  /** @default true */
  tracing?: boolean;
  /** @default 'INFO' */
  logLevel?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  /** @default RetentionDays.THREE_MONTHS */
  logRetention?: RetentionDays;
  /** Encrypts logs and environment. @default keys of the services */
  encryptionKey?: IKey;
  /** @default the functions run outside of any VPC */
  network?: { vpc: IVpc; securityGroup: ISecurityGroup };
}

export interface HandlerProps {
  handler: HandlerName;
  /** Tells functions of one handler apart. @default none */
  qualifier?: string;
  description: string;
  defaults: HandlerDefaults;
  memoryMb: number;
  timeout: Duration;
  environment: Record<string, string>;
  /** Size of `/tmp` in megabytes. @default 512 */
  storageMb?: number;
  /** @default none */
  layers?: ILayerVersion[];
  /** Whether the references of the definition are packed beside the code. @default false */
  withReferences?: boolean;
  /** @default no reservation */
  reservedConcurrency?: number;
}

/** One of our functions: its own role with nothing but what is allowed by name, its own log group, traces. */
export class Handler extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;
  /** The function's name, known before it is deployed. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: HandlerProps) {
    super(scope, id);
    const { defaults } = props;
    const tracing = defaults.tracing ?? true;
    this.name = functionName(
      defaults.definition.plan,
      props.handler,
      ...(props.qualifier === undefined ? [] : [props.qualifier]),
    );
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: props.description,
    });
    // Logs say what happened and hold no data: they go with the function.
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: defaults.logRetention ?? RetentionDays.THREE_MONTHS,
      encryptionKey: defaults.encryptionKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.logGroup.grantWrite(this.role);
    this.function = new LambdaFunction(this, 'Function', {
      functionName: this.name,
      runtime: Runtime.NODEJS_24_X,
      architecture: defaults.architecture ?? Architecture.ARM_64,
      code: handlerCode(props.handler, defaults.definition, props.withReferences),
      handler: 'index.handler',
      description: props.description,
      role: this.role,
      logGroup: this.logGroup,
      memorySize: props.memoryMb,
      timeout: props.timeout,
      ephemeralStorageSize: Size.mebibytes(props.storageMb ?? 512),
      layers: props.layers,
      tracing: tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      environmentEncryption: defaults.encryptionKey,
      reservedConcurrentExecutions: props.reservedConcurrency,
      ...(defaults.network
        ? { vpc: defaults.network.vpc, securityGroups: [defaults.network.securityGroup] }
        : {}),
      environment: {
        POWERTOOLS_SERVICE_NAME: defaults.definition.plan.name,
        POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
        POWERTOOLS_LOG_LEVEL: defaults.logLevel ?? 'INFO',
        POWERTOOLS_TRACE_ENABLED: String(tracing),
        TIDEMARK_STORAGE_MB: String(props.storageMb ?? 512),
        TIDEMARK_PLAN_HASH: defaults.definition.hash,
        ...props.environment,
      },
    });
    if (tracing)
      acknowledge(this.role, 'AwsSolutions-IAM5[Resource::*]', 'X-Ray takes no resource in its permissions');
    if (defaults.network)
      this.allow({
        actions: [
          'ec2:CreateNetworkInterface',
          'ec2:DescribeNetworkInterfaces',
          'ec2:DescribeSubnets',
          'ec2:DeleteNetworkInterface',
          'ec2:AssignPrivateIpAddresses',
          'ec2:UnassignPrivateIpAddresses',
        ],
        resources: ['*'],
        because:
          'Lambda manages its network interfaces with the function’s role, and they have no names before',
      });
  }

  /** A metric that Lambda keeps of the function. */
  metric(metricName: string, options: MetricOptions = {}): Metric {
    return new Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { FunctionName: this.name },
      period: Duration.minutes(1),
      statistic: Stats.SUM,
      ...options,
    });
  }

  /** Adds statements to the function's role. */
  allow(...permissions: Permission[]): void {
    allow(this, this.role, ...permissions);
  }
}
