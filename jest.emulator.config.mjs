// The AWS adapters against an emulator: `jest -c jest.emulator.config.mjs`. Not part of the default run.
import base from './jest.config.mjs';

export default {
  ...base,
  testMatch: ['<rootDir>/test/emulator/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
};
