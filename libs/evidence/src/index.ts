export { type Effect, type Note } from './effect.js';
export { type Lane, type Now, type ObserverInput } from './input.js';
export { newestBeats, type NewestBeat } from './newest-beats.js';
export { Observer, TICK_MS } from './observer.js';
export { type AgreedView, type ObserverOptions, type ObserverRules } from './rules.js';
export { WITHHELD_CAUSES, type Withheld } from './sight.js';
export { type ObservedPulse } from './sightings.js';
