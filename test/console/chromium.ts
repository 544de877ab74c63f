import { existsSync } from 'node:fs';

const USUAL = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/**
 * The Chromium that browser tests drive: `CHROMIUM`, else one at a usual path.
 * @throws where there must be one: when `CHROMIUM` names none, or in CI
 */
export function findChromium(env: NodeJS.ProcessEnv): string | undefined {
  if (env.CHROMIUM !== undefined && env.CHROMIUM !== '') {
    if (!existsSync(env.CHROMIUM)) throw new Error(`CHROMIUM names ${env.CHROMIUM}, which is not there`);
    return env.CHROMIUM;
  }
  const found = USUAL.find((file) => existsSync(file));
  if (found === undefined && env.CI === 'true') {
    throw new Error('no Chromium for the browser test: install one, or set CHROMIUM to its executable');
  }
  return found;
}
