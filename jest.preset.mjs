import { fileURLToPath } from 'node:url';

const swc = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'es6' },
  jsc: {
    target: 'es2024',
    keepClassNames: true,
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
  },
};

/** One jest configuration for every project: TypeScript sources through swc, ES modules, specs beside the code or in test/. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // `ts` first: a stray .js beside a source file would otherwise be what jest runs.
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['@muster/source', 'node', 'node-addons'] },
  testMatch: ['<rootDir>/{src,test,testing}/**/*.spec.ts'],
  maxWorkers: 2,
  setupFilesAfterEnv: [fileURLToPath(new URL('tools/property-seed.mjs', import.meta.url))],
  // Tests wait for conditions, not for moments, and some for two or three of them: only what hangs gets here, also on a machine that is busy.
  testTimeout: 150_000,
};
