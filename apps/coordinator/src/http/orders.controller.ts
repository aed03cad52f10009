/** `POST /cluster/members/:nodeId/{cordon,uncordon,drain,evict}`: what operators order, at whichever coordinator. */
import type { OperatorOrder, OperatorResult } from '@muster/contracts';
import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import type { Asked } from './asked.js';
import { Ask } from './asked.js';
import { AtLeader } from './at-leader.js';
import { Orders } from './orders.js';

@Controller('cluster/members/:nodeId')
export class OrdersController {
  constructor(
    private readonly orders: Orders,
    private readonly atLeader: AtLeader,
  ) {}

  @Post('cordon')
  @HttpCode(200)
  cordon(@Ask() asked: Asked, @Param('nodeId') nodeId: string): Promise<OperatorResult> {
    return this.give('cordon', nodeId, asked);
  }

  @Post('uncordon')
  @HttpCode(200)
  uncordon(@Ask() asked: Asked, @Param('nodeId') nodeId: string): Promise<OperatorResult> {
    return this.give('uncordon', nodeId, asked);
  }

  @Post('drain')
  @HttpCode(200)
  drain(@Ask() asked: Asked, @Param('nodeId') nodeId: string): Promise<OperatorResult> {
    return this.give('drain', nodeId, asked);
  }

  @Post('evict')
  @HttpCode(200)
  evict(@Ask() asked: Asked, @Param('nodeId') nodeId: string): Promise<OperatorResult> {
    return this.give('evict', nodeId, asked);
  }

  /** What makes no sense is refused before anybody is asked. */
  private async give(order: OperatorOrder, nodeId: string, asked: Asked): Promise<OperatorResult> {
    const given = this.orders.read(order, asked.body);
    return this.atLeader.perform(asked, () => this.orders.give(order, nodeId, given));
  }
}
