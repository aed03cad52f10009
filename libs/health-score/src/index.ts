export { type Ramp, SCORE_DEFAULTS, type ScoreConfig } from './config.js';
export { type Grade, HealthTracker } from './health-tracker.js';
export { heartbeatValue, namedTerms, type Readings, type Rhythm, scoreOf, type TermValues, termValues } from './score.js';
