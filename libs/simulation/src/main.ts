/** `npm run simulate`: the fault matrix of detection (`matrix-command.ts`); with `raft`, `group` or `control` as first word, the coordinators among themselves. */
import { runControlCommand } from './control/control-command.js';
import { runRaftCommand } from './raft/raft-command.js';

const [word, ...words] = process.argv.slice(2);
if (word === 'raft') await runRaftCommand(words);
else if (word === 'group') await (await import('./group/group-command.js')).runGroupCommand(words);
else if (word === 'control') await runControlCommand(words);
else await import('./matrix-command.js');
