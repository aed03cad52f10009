export { type DetectorConfig, detectorConfig } from './config.js';
export { DetectorSet, type Reading } from './detector-set.js';
export { type BeatTiming, HeartbeatDetector, type Stage } from './heartbeat-detector.js';
export { deviationsAt, PHI_MAX, phiOf } from './phi.js';
