/**
 * A jest reporter that leaves one project's counts and skipped tests where tools/test.mjs sums them up.
 *
 * A test file that could not run at all counts as one failed test: it holds none that could be counted.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export default class CountsReporter {
  constructor(globalConfig) {
    this.rootDir = globalConfig.rootDir;
  }

  onRunComplete(_contexts, results) {
    const folder = process.env.MUSTER_TEST_RESULTS;
    if (!folder) return;
    const skipped = results.testResults.flatMap((file) =>
      file.testResults
        .filter((test) => test.status !== 'passed' && test.status !== 'failed')
        .map((test) => ({ file: relative(this.rootDir, file.testFilePath), group: test.ancestorTitles.join(' › ') || test.title })),
    );
    const counts = {
      rootDir: this.rootDir,
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped,
    };
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${this.rootDir.replaceAll(/\W+/g, '-')}.json`), JSON.stringify(counts));
  }
}
