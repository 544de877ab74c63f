import { test } from '@jest/globals';
import { startTrino } from '../support/trino.ts';
import { startEmulator } from '../../emulator/emulator.ts';
test('x', async () => { const e = await startEmulator(); const t = await startTrino(e); console.log(await t.rows('show schemas from awsdatacatalog')); await t.stop(); await e.stop();}, 600_000);
