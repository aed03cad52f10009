export { Agent } from './agent.js';
export { type AgentAsyncOptions, AgentModule } from './agent.module.js';
export { type CheckFunction, type CheckOutcome } from './vitals/checks.js';
export { defaultNodeId } from './incarnation.js';
export { memberOptions } from './member-options.js';
export { type AgentOptions, type DrainListener } from './options.js';
export { probe } from './probe/probe.js';
export { type ProbeFinding } from './probe/probe-finding.js';
