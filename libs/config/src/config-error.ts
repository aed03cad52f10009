/** Why a configuration was refused: every problem found, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG_INVALID';

  /** @param problems One line each: key, environment variable, value, rule. At least one. */
  constructor(readonly problems: readonly string[]) {
    super(`CONFIG_INVALID: ${problems.join('; ')}`);
  }
}
