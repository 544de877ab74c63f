import { CfnOutput, Duration, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { Architecture, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { duckdbLayerCode, type DefinitionFiles } from './assets.ts';
import { Consumption } from './consumption.ts';
import type { DataStack } from './data-stack.ts';
import type { HandlerDefaults } from './handler.ts';
import { Integration } from './integration.ts';
import { LakehouseTables } from './lakehouse-tables.ts';
import { Maintenance } from './maintenance.ts';
import { streamName } from './names.ts';
import { Network } from './network.ts';
import { RealTime } from './real-time.ts';
import type { Settings } from './settings.ts';

export interface PipelineStackProps extends StackProps {
  data: DataStack;
  definition: DefinitionFiles;
  settings: Settings;
}

/** @throws Error for a number of days that CloudWatch Logs does not take */
function retentionDays(days: number): RetentionDays {
  const known = Object.values(RetentionDays).filter(
    (value): value is RetentionDays => typeof value === 'number',
  );
  const found = known.find((value) => String(value) === String(days));
  if (found !== undefined) return found;
  throw new Error(`setting tidemark:logs.retentionDays cannot be ${days}: use one of ${known.join(', ')}`);
}

/** What moves data: tables and views, processors, committer, integration, and the work group of analysts. */
export class PipelineStack extends Stack {
  readonly tables: LakehouseTables;
  readonly realTime: RealTime;
  readonly integration: Integration;
  readonly maintenance: Maintenance;
  readonly consumption: Consumption;

  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, props);
    const { data, definition, settings } = props;
    const { plan } = definition;
    const architecture = settings.architecture === 'x64' ? Architecture.X86_64 : Architecture.ARM_64;
    const logRetention = retentionDays(settings['logs.retentionDays']);
    const network =
      settings.network === 'private'
        ? new Network(this, 'Network', { flowLogRetention: logRetention, encryptionKey: data.encryptionKey })
        : undefined;
    const defaults: HandlerDefaults = {
      definition,
      architecture,
      tracing: settings.tracing,
      logLevel: settings['logs.level'],
      logRetention,
      encryptionKey: data.encryptionKey,
      ...(network ? { network } : {}),
    };
    const duckdb = new LayerVersion(this, 'DuckDb', {
      code: duckdbLayerCode(architecture),
      compatibleArchitectures: [architecture],
      description: 'DuckDB for Node',
    });
    const common = { plan, storage: data.storage, ledger: data.ledger, defaults, duckdb };
    this.tables = new LakehouseTables(this, 'Tables', { ...common, allow: [...settings['tables.allow']] });
    this.realTime = new RealTime(this, 'RealTime', {
      ...common,
      ingestion: data.ingestion,
      alerts: data.alerts,
      processor: {
        enabled: settings['ingest.enabled'],
        enhancedFanOut: settings['stream.enhancedFanOut'],
        memoryMb: settings['ingest.memoryMb'],
        storageMb: settings['ingest.storageMb'],
        timeout: Duration.seconds(settings['ingest.timeoutSeconds']),
        batchSize: settings['ingest.batchSize'],
        window: Duration.seconds(settings['ingest.windowSeconds']),
      },
      committer: {
        memoryMb: settings['commit.memoryMb'],
        timeout: Duration.seconds(settings['commit.timeoutSeconds']),
        reservedConcurrency: settings['commit.reservedConcurrency'] || undefined,
      },
    });
    this.integration = new Integration(this, 'Integration', {
      ...common,
      encryptionKey: data.encryptionKey,
      every: Duration.minutes(settings['integrate.everyMinutes']),
      enabled: settings['integrate.enabled'],
      memoryMb: settings['integrate.memoryMb'],
      storageMb: settings['integrate.storageMb'],
      timeout: Duration.seconds(settings['integrate.timeoutSeconds']),
      maxRows: settings['integrate.maxRows'],
      concurrency: settings['integrate.concurrency'],
    });
    this.maintenance = new Maintenance(this, 'Maintenance', {
      ...common,
      every: Duration.minutes(settings['maintain.everyMinutes']),
      keep: Duration.hours(settings['maintain.keepHours']),
    });
    // Nothing runs before the tables are as the plan wants them.
    this.realTime.node.addDependency(this.tables.resource);
    this.integration.node.addDependency(this.tables.resource);
    this.maintenance.node.addDependency(this.tables.resource);
    this.consumption = new Consumption(this, 'Consumption', {
      plan,
      storage: data.storage,
      encryptionKey: data.encryptionKey,
      scanLimitGb: settings['query.scanLimitGb'],
      analystRoles: [...settings['query.analystRoles']],
    });
    for (const stream of plan.streams)
      new CfnOutput(this, `Stream-${stream.name}`, {
        value: streamName(plan, stream.name),
        description: `Put records of ${stream.name} here`,
      });
    new CfnOutput(this, 'WorkGroup', { value: this.consumption.workGroup, description: 'Athena work group' });
    this.addStackDependency(data);
  }

  /** Chosen at deployment: a synthesis needs no credentials. */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  }
}
