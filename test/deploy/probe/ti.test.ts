import { test } from '@jest/globals';
import { installedTrino } from '../support/trino-install.ts';
test('x', async () => { console.log(await installedTrino()); }, 600_000);
