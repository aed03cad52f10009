/**
 * Lets the errors of handlers reach the bus: `@UseFilters(BusErrors)` on the controller.
 *
 * Without it Nest replaces every error by "Internal server error" before the transport sees it. Then nobody can tell a database
 * that is away from a record that is broken, and the bus, to lose nothing, calls such a handler again for ever.
 */
import 'reflect-metadata';

export class BusErrors {
  catch(error: unknown): never {
    throw error;
  }
}

// What `@Catch()` would write down; Nest itself is not loaded for it.
for (const target of [BusErrors, BusErrors.prototype]) Reflect.defineMetadata('__filterCatchExceptions__', [], target);
Reflect.defineMetadata('__catch__', true, BusErrors);

/** True for what Nest makes of an error that no filter took. */
export function isMasked(error: unknown): boolean {
  return typeof error === 'object' && error !== null && !(error instanceof Error) && 'status' in error && error.status === 'error' && 'message' in error && error.message === 'Internal server error';
}
