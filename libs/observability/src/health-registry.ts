/**
 * What a service knows of its own state, read at once when somebody asks.
 *
 * Holds no results: a check reads live state and never waits, so that a health answer costs nothing and is never old.
 */

export interface CheckState {
  readonly ok: boolean;
  /** Why not, or a word on how it is. */
  readonly detail?: string;
}

export interface NamedCheckState extends CheckState {
  readonly name: string;
}

export type Phase = 'starting' | 'running' | 'draining';

export interface Readiness {
  readonly ready: boolean;
  readonly status: 'ready' | 'not-ready' | 'starting' | 'draining';
  readonly checks: readonly NamedCheckState[];
}

export class HealthRegistry {
  private readonly checks = new Map<string, () => CheckState>();
  private phase: Phase = 'starting';
  private isDrained = false;
  private incarnation: number | null = null;

  /** Adds a check that must be ok for the service to get traffic. A second one of the same name replaces the first. */
  register(name: string, check: () => CheckState): void {
    this.checks.set(name, check);
  }

  unregister(name: string): void {
    this.checks.delete(name);
  }

  /** Tells which boot of this node answers, so that whoever probes knows it met the one it looked for. */
  announceIncarnation(incarnation: number): void {
    this.incarnation = incarnation;
  }

  /** An operator wants the service to take no new work, or takes that back. */
  drain(isDraining: boolean): void {
    this.isDrained = isDraining;
  }

  enter(phase: Phase): void {
    this.phase = phase;
  }

  currentIncarnation(): number | null {
    return this.incarnation;
  }

  readiness(): Readiness {
    const checks = [...this.checks].map(([name, check]) => ({ name, ...read(check) }));
    const isSound = checks.every((check) => check.ok);
    if (this.phase !== 'running') return { ready: false, status: this.phase, checks };
    if (this.isDrained) return { ready: false, status: 'draining', checks };
    return { ready: isSound, status: isSound ? 'ready' : 'not-ready', checks };
  }
}

function read(check: () => CheckState): CheckState {
  try {
    return check();
  } catch (error) {
    return { ok: false, detail: `the check itself failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}
