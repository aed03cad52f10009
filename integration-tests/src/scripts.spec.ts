/** A14: what the scripts promise to whoever calls them, without a cluster. With one they prove themselves. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '@muster/testing';

const SCRIPTS = ['test-cluster-health.sh', 'simulate-failure.sh', 'load-test.sh', 'test-ha-cluster.sh'];
const folder = fileURLToPath(new URL('..', import.meta.url));

function run(script: string, args: readonly string[], baseUrl = 'http://127.0.0.1:9'): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('bash', [`${folder}/${script}`, ...args], { encoding: 'utf8', env: { ...process.env, BASE_URL: baseUrl } });
  return { code: status, out: stdout, err: stderr };
}

describe.each(SCRIPTS)('%s', (script) => {
  test('--help tells how to call it and what its exit codes mean', () => {
    const { code, out } = run(script, ['--help']);
    expect(code).toBe(0);
    expect(out).toContain(`integration-tests/${script} [`);
    expect(out).toMatch(/Exit codes: 0 /);
    expect(out).not.toContain('set -euo');
  });

  test('an option that does not exist ends it with 2', () => {
    expect(run(script, ['--explode'])).toMatchObject({ code: 2, err: 'There is no option --explode; --help tells what there is.\n' });
  });

  test('without a cluster it ends with 3 and says how to start one', async () => {
    const { code, err } = run(script, [], `http://127.0.0.1:${await freePort()}`);
    expect(code).toBe(3);
    expect(err).toMatch(/No cluster answers at http:\/\/127\.0\.0\.1:\d+\/cluster\/status\.\nStart one with `npm start`/);
  });
});

test('a number that makes no sense ends simulate-failure.sh with 2', () => {
  expect(run('simulate-failure.sh', ['--runs', '0']).code).toBe(2);
  expect(run('simulate-failure.sh', ['--runs']).code).toBe(2);
});

test('rounds that make no sense end test-ha-cluster.sh with 2', () => {
  expect(run('test-ha-cluster.sh', ['--rounds', '0']).code).toBe(2);
  expect(run('test-ha-cluster.sh', ['--report']).code).toBe(2);
});

test.each([
  ['http://127.0.0.1:8080', true],
  ['http://localhost:8080', true],
  ['http://[::1]:8080', true],
  ['http://localhost', true],
  ['http://10.0.0.7:8080', false],
  ['https://localhost.example.com:8080', false],
])('a process of this machine may be killed for the cluster at %s: %s', (baseUrl, isHere) => {
  const { status } = spawnSync('bash', ['-c', `. "${folder}/lib/common.sh"; is_this_machine`], { env: { ...process.env, BASE_URL: baseUrl } });
  expect(status).toBe(isHere ? 0 : 1);
});
