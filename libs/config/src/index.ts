export { coordinatorAddresses, coordinatorSource, type Lookup } from './coordinator-addresses.js';
export { ConfigError } from './config-error.js';
export { type ConfigSource, loadConfig } from './load-config.js';
export { describeConfig, type SettingDescription } from './describe-config.js';
export { type ConfigSchema, type LeafKind, type SettingMeta } from './leaf.js';
export { KNOWN_SECTIONS } from './known-names.js';
export { httpSection, LOG_SETTING_LEVELS, sections } from './sections.js';
