/** Jest runs the TypeScript as it is, as ES modules; Node itself takes the types out. */
export default {
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/strip-types.js' },
  setupFiles: ['<rootDir>/test/support/native-errors.js', '<rootDir>/test/support/runtime-notice.js'],
  setupFilesAfterEnv: ['<rootDir>/test/support/second-try.js'],
  // One real Postgres for the whole run, each test file in databases of its own.
  globalSetup: '<rootDir>/test/support/start-postgres.ts',
  globalTeardown: '<rootDir>/test/support/stop-postgres.ts',
  maxWorkers: 2,
  // What a test file loads under `--experimental-vm-modules` is not freed: a worker that has grown is renewed
  // between two files. What is measured is V8's heap alone; the process holds several times as much.
  workerIdleMemoryLimit: '300MB',
  // The machines that run this have two cores and share them.
  testTimeout: 30_000,
};
