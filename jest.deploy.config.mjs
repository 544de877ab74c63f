// The whole way from `cdk deploy` to rows in every table, on an emulator: `npm run test:deploy`. Not part of the default run.
import base from './jest.config.mjs';

export default {
  ...base,
  testMatch: ['<rootDir>/test/deploy/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // One emulator after another: two cores are enough for one.
  maxWorkers: 1,
  testTimeout: 300_000,
};
