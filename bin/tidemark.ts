import { App } from 'aws-cdk-lib';
import { loadDefinition } from '../cli/load-definition.ts';
import { compileLakehouse } from '../src/engine/compile.ts';
import { definitionFiles } from '../lib/assets.ts';
import { TidemarkLakehouse } from '../lib/lakehouse.ts';
import { contextOf, readSettings } from '../lib/settings.ts';

const app = new App();
const file: unknown = app.node.tryGetContext('tidemark:definition');
if (typeof file !== 'string')
  throw new Error('there is no definition: name its file as "tidemark:definition" in cdk.json');
const settings = readSettings(contextOf(app.node));
const { lakehouse, base } = await loadDefinition(file);
const name = settings.environment === '' ? lakehouse.name : `${lakehouse.name}_${settings.environment}`;
const plan = await compileLakehouse({ ...lakehouse, name });
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
new TidemarkLakehouse(app, plan.name, {
  definition: definitionFiles(plan, base),
  settings,
  ...(account !== undefined && region !== undefined ? { env: { account, region } } : {}),
});
app.synth();
