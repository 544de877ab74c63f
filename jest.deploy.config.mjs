// The whole way from `cdk deploy` to rows in every table, on an emulator: `npm run test:deploy`. Not part of the default run.
import base from './jest.config.mjs';

export default {
  ...base,
  testMatch: ['<rootDir>/test/deploy/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // Others may synthesize in the checkout: assets hold package files of their own.
  modulePathIgnorePatterns: [...base.modulePathIgnorePatterns, '<rootDir>/cdk.out/'],
  // One emulator after another: two cores are enough for one.
  maxWorkers: 1,
  testTimeout: 300_000,
};
