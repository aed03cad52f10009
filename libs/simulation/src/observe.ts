/** The observer that worlds are given: the very one that the coordinator runs. */
import { type Now, Observer, type ObserverOptions } from '@muster/evidence';

export function observe(options: ObserverOptions, now: Now): Observer {
  return new Observer(options, now);
}
