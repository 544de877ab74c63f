export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  // These need engines or emulators, and have scripts of their own.
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/test/interop/',
    '<rootDir>/test/emulator/',
    '<rootDir>/test/deploy/',
  ],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.cache/', '<rootDir>/cdk.out/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '\\.ts$': '<rootDir>/scripts/jest-esbuild.mjs' },
  // Definitions import the package by its name; tests take the source instead of the bundle.
  moduleNameMapper: {
    '^tidemark$': '<rootDir>/src/index.ts',
    '^tidemark/producer$': '<rootDir>/src/producer/index.ts',
  },
  testTimeout: 60_000,
};
