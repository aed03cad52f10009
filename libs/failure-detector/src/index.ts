export { type DetectorConfig, detectorConfig, type DetectorPreset } from './config.js';
export { type BeatTiming, DetectorSet, type Reading, type Rhythm, type Stage } from './detector-set.js';
export { deviationsAt, PHI_MAX, phiOf } from './phi.js';
