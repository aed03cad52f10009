/** Who may change the Raft group: whoever knows the secret of the cluster, which is given as a bearer token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '@muster/observability';
import type { Asked } from './asked.js';

export class Operators {
  /** `secret`: null for a coordinator that was started without one. */
  constructor(private readonly secret: string | null) {}

  /** Throws unless the request proves that it comes from an operator. */
  check(asked: Pick<Asked, 'headers'>): void {
    if (this.secret === null) throw new AppError('SECRET_UNSET', 'this coordinator was started without cluster.secret, so nobody can prove to be allowed to do that: set MUSTER_CLUSTER_SECRET, the same at all coordinators, and start it again', { statusCode: 403 });
    const given = asked.headers.authorization ?? '';
    if (given === '') throw new AppError('UNAUTHENTICATED', 'the Raft group is changed by operators only: send the header Authorization: Bearer and the secret of the cluster', { statusCode: 401 });
    const token = /^Bearer (.+)$/i.exec(given)?.[1] ?? '';
    if (!isSame(token, this.secret)) throw new AppError('UNAUTHENTICATED', 'that is not the secret of this cluster (cluster.secret)', { statusCode: 401 });
  }
}

/** In a time that tells nothing about how much of it is right. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
