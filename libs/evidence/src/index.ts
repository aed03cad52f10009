export { decide, type Proposal, type Sight } from './decide.js';
export { type Effect, type Note, type WithheldCause } from './effect.js';
export { type Lane, type Now, type ObserverInput } from './input.js';
export { newestBeats, type NewestBeat } from './newest-beats.js';
export { type ObservedPulse, type Observer, type ObserverFactory, type ObserverOptions, type ObserverRules, TICK_MS } from './observer.js';
export { ProbeRounds } from './probe-rounds.js';
export { type ProbeResult } from './probe-result.js';
export { SelfDoubt, type SelfDoubtOptions } from './self-doubt.js';
export { type SightedPulse, Sightings, type SightingsOptions } from './sightings.js';
