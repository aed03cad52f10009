export { newestBeats, type NewestBeat } from './newest-beats.js';
export { ProbeRounds } from './probe-rounds.js';
export { type ProbeResult } from './probe-result.js';
export { SelfDoubt, type SelfDoubtOptions } from './self-doubt.js';
export { type Now, type SightedPulse, Sightings, type SightingsOptions } from './sightings.js';
