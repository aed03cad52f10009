#!/usr/bin/env node
/**
 * The `muster` on the PATH (`npx muster …`): finds the compiled command line and a Node that can run it. Committed, so
 * that npm can link it before anything is compiled.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_TO_RUN = 24;
const main = new URL('../dist/main.js', import.meta.url);
/** npm 9 unpacks the packaged Node without making a link to it. */
const packagedNodes = ['.bin/node', `node-${process.platform}-${process.arch}/bin/node`].map((path) => fileURLToPath(new URL(`../../../node_modules/${path}`, import.meta.url)));
const packagedNode = packagedNodes.find((path) => existsSync(path));

if (!existsSync(main)) {
  console.error('muster: not compiled yet. Run `npm start` (starts a cluster) or `npm run build` in the root of the repository once.');
  process.exit(1);
}
if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_TO_RUN) {
  await import(main.href);
} else if (packagedNode !== undefined) {
  const child = spawn(packagedNode, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl-C to the child as well; sending it twice would read as "stop at once".
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`muster: cannot run ${packagedNode}: ${error.message}`);
    process.exit(1);
  });
  child.on('close', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
} else {
  console.error(`muster: runs on Node ${NODE_MAJOR_TO_RUN}; this is ${process.versions.node}, and no packaged one is installed. Run \`npm install\` on Linux, or install Node ${NODE_MAJOR_TO_RUN}.`);
  process.exit(1);
}
