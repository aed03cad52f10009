/** What the coordinator answers over HTTP, put together for Nest: controllers and what they are given. */
import type { Provider, Type } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { type Clock, systemClock } from '../clock.js';
import { Cluster } from '../cluster.js';
import { Views } from '../views.js';
import { AtLeader, type AtLeaderOptions } from './at-leader.js';
import { ClusterController } from './cluster.controller.js';
import { GroupOrders } from './group-orders.js';
import { Operators } from './operators.js';
import { Orders } from './orders.js';
import { OrdersController } from './orders.controller.js';
import type { RaftControl } from './raft-control.js';
import { RaftController } from './raft.controller.js';
import { Reads } from './reads.js';
import { Snapshots } from './snapshots.js';
import { Streams } from './streams.js';

export interface HttpParts {
  readonly raft: RaftControl;
  readonly cluster: Cluster;
  readonly views: Views;
  readonly orders: Orders;
  readonly streams: Streams;
  /** Null for a coordinator that was started without one. */
  readonly secret: string | null;
  readonly metrics: Registry;
  readonly clock?: Clock;
  readonly limits?: Pick<AtLeaderOptions, 'patienceMs' | 'tryMs' | 'waitingMax'>;
}

export function coordinatorHttp(parts: HttpParts): { readonly controllers: Type[]; readonly providers: Provider[] } {
  const { raft, cluster, views, orders, streams, secret, metrics, clock = systemClock, limits = {} } = parts;
  const atLeader = new AtLeader({ raft, metrics, ...limits });
  const operators = new Operators(secret);
  return {
    controllers: [ClusterController, OrdersController, RaftController],
    providers: [
      { provide: Cluster, useValue: cluster },
      { provide: Views, useValue: views },
      { provide: Orders, useValue: orders },
      { provide: Streams, useValue: streams },
      { provide: AtLeader, useValue: atLeader },
      { provide: Reads, useValue: new Reads(raft, () => cluster.membership.index, atLeader) },
      { provide: GroupOrders, useValue: new GroupOrders(raft, atLeader, operators) },
      { provide: Operators, useValue: operators },
      { provide: Snapshots, useValue: new Snapshots(raft, cluster, atLeader, operators, clock) },
    ],
  };
}
