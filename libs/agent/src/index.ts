export { Agent } from './agent.js';
export { type AgentAsyncOptions, AgentModule } from './agent.module.js';
export { type CheckFunction, type CheckOutcome } from './checks.js';
export { defaultNodeId } from './incarnation.js';
export { type AgentOptions } from './options.js';
export { probe } from './probe.js';
export { type ProbeFinding } from './probe-finding.js';
