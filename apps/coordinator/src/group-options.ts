/** The settings of a coordinator as its Raft group takes them. Reads the TLS files; decides nothing else. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '@muster/contracts';
import type { GroupOptions, TlsOptions } from '@muster/raft-node';
import type { CoordinatorConfig } from './config.js';

/** Around a state in the command that restores it. Bytes. */
const AROUND_STATE_BYTES = 64 * 1024;

export interface GroupPlace {
  readonly config: CoordinatorConfig;
  readonly nodeId: string;
  readonly httpUrl: string;
  readonly logger: Logger;
  readonly discover: () => Promise<readonly string[]>;
}

/** Bytes of a secret that nobody else has: a coordinator without one forms its group alone, and nobody can join it. */
const SECRET_BYTES = 32;

export function groupOptions({ config, nodeId, httpUrl, logger, discover }: GroupPlace): Omit<GroupOptions, 'onRole' | 'onFailed'> {
  const { cluster, node, raft, coordinator } = config;
  return {
    nodeId,
    cluster: cluster.name,
    secret: cluster.secret ?? randomBytes(SECRET_BYTES).toString('hex'),
    tls: tlsOptions(config),
    storePath: join(node.dataDir, nodeId, 'raft.sqlite'),
    host: raft.host,
    port: raft.port,
    advertiseHost: node.advertiseHost ?? new URL(httpUrl).hostname,
    httpUrl,
    expect: raft.expect ?? cluster.coordinators.length,
    discover,
    heartbeatMs: raft.heartbeatMs,
    electionTimeoutMs: raft.electionTimeoutMs,
    snapshotEntries: coordinator.snapshotEntries,
    commandBytesMax: coordinator.stateBytesMax + AROUND_STATE_BYTES,
    logger,
  };
}

function tlsOptions({ raft: { tlsCaFile, tlsCertFile, tlsKeyFile } }: CoordinatorConfig): TlsOptions | null {
  if (tlsCaFile === undefined || tlsCertFile === undefined || tlsKeyFile === undefined) return null;
  return { ca: readFileSync(tlsCaFile, 'utf8'), cert: readFileSync(tlsCertFile, 'utf8'), key: readFileSync(tlsKeyFile, 'utf8') };
}
