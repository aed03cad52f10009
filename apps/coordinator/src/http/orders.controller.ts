/** `POST /cluster/members/:nodeId/{cordon,uncordon,drain,evict}`: what operators order. */
import type { OperatorResult } from '@muster/contracts';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { Orders } from './orders.js';

@Controller('cluster/members/:nodeId')
export class OrdersController {
  constructor(private readonly orders: Orders) {}

  @Post('cordon')
  @HttpCode(200)
  cordon(@Param('nodeId') nodeId: string, @Body() body: unknown): Promise<OperatorResult> {
    return this.orders.give('cordon', nodeId, body);
  }

  @Post('uncordon')
  @HttpCode(200)
  uncordon(@Param('nodeId') nodeId: string, @Body() body: unknown): Promise<OperatorResult> {
    return this.orders.give('uncordon', nodeId, body);
  }

  @Post('drain')
  @HttpCode(200)
  drain(@Param('nodeId') nodeId: string, @Body() body: unknown): Promise<OperatorResult> {
    return this.orders.give('drain', nodeId, body);
  }

  @Post('evict')
  @HttpCode(200)
  evict(@Param('nodeId') nodeId: string, @Body() body: unknown): Promise<OperatorResult> {
    return this.orders.give('evict', nodeId, body);
  }
}
