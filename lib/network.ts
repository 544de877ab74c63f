import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from './allow.ts';

export interface NetworkProps {
  /** @default '10.64.0.0/20' */
  cidr?: string;
  /** @default 2 */
  maxAzs?: number;
  /** How long flow logs are kept. @default RetentionDays.THREE_MONTHS */
  flowLogRetention?: RetentionDays;
  /** @default keys of the services */
  encryptionKey?: IKey;
}

/** Services whose endpoints cost by the hour and zone. */
const INTERFACES = {
  Glue: InterfaceVpcEndpointAwsService.GLUE,
  Kinesis: InterfaceVpcEndpointAwsService.KINESIS_STREAMS,
  Athena: InterfaceVpcEndpointAwsService.ATHENA,
  Sns: InterfaceVpcEndpointAwsService.SNS,
  Events: InterfaceVpcEndpointAwsService.EVENTBRIDGE,
  Sts: InterfaceVpcEndpointAwsService.STS,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Kms: InterfaceVpcEndpointAwsService.KMS,
  XRay: InterfaceVpcEndpointAwsService.XRAY,
} as const;

/** A VPC without any way to the internet, with the endpoints that the functions need. */
export class Network extends Construct {
  readonly vpc: Vpc;
  /** Of the functions: nothing comes in, HTTPS goes out. */
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: NetworkProps = {}) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(props.cidr ?? '10.64.0.0/20'),
      maxAzs: props.maxAzs ?? 2,
      natGateways: 0,
      // CDK would empty the default group by a custom resource of its own; nothing here uses that group.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'functions', subnetType: SubnetType.PRIVATE_ISOLATED, cidrMask: 23 }],
    });
    const flowLogs = new LogGroup(this, 'FlowLogs', {
      retention: props.flowLogRetention ?? RetentionDays.THREE_MONTHS,
      encryptionKey: props.encryptionKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'FlowLogRole', {
      assumedBy: new ServicePrincipal('vpc-flow-logs.amazonaws.com'),
    });
    this.vpc.addFlowLog('Rejected', {
      destination: FlowLogDestination.toCloudWatchLogs(flowLogs, role),
      trafficType: FlowLogTrafficType.REJECT,
    });
    this.securityGroup = new SecurityGroup(this, 'Functions', {
      vpc: this.vpc,
      description: 'Functions of the lakehouse: HTTPS out, nothing in',
      allowAllOutbound: false,
    });
    this.securityGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'HTTPS to the endpoints');
    const endpoints = new SecurityGroup(this, 'Endpoints', {
      vpc: this.vpc,
      description: 'Endpoints of services: HTTPS from the functions',
      allowAllOutbound: false,
    });
    endpoints.addIngressRule(this.securityGroup, Port.tcp(443), 'HTTPS from the functions');
    acknowledge(endpoints, 'AwsSolutions-EC23', 'open to the security group of the functions only');
    this.vpc.addGatewayEndpoint('S3', { service: GatewayVpcEndpointAwsService.S3 });
    this.vpc.addGatewayEndpoint('DynamoDb', { service: GatewayVpcEndpointAwsService.DYNAMODB });
    for (const [name, service] of Object.entries(INTERFACES))
      this.vpc.addInterfaceEndpoint(name, { service, securityGroups: [endpoints], open: false });
  }
}
