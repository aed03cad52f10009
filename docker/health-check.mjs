/**
 * The image's health check: asks the service of this container whether it is ready; exit code 0 or 1, the answer as output.
 *
 * 127.0.0.1 and not localhost, which may be ::1 where the service listens on 0.0.0.0 only.
 */
const port = process.env.MUSTER_HTTP_PORT;
if (!port) {
  console.error('MUSTER_HTTP_PORT is not set: the health check does not know where to ask');
  process.exit(1);
}
try {
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2_500) });
  console.log(answer.status, (await answer.text()).slice(0, 400));
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.error(error.cause?.message ?? error.message);
  process.exitCode = 1;
}
