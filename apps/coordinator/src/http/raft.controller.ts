/** The Raft group of the coordinators: what it is like, who belongs, who leads, and its snapshots. */
import { Readable } from 'node:stream';
import { type RaftJoinAnswer, type RaftJoinNonce, type RaftPeer, type RaftRestoreAnswer, type RaftStatus, type RaftTransferAnswer, type SavedState, SIGNATURE_HEADER } from '@muster/contracts';
import { Controller, Delete, Get, HttpCode, Param, Post, StreamableFile } from '@nestjs/common';
import { Ask } from './asked.js';
import type { Asked } from './asked.js';
import { GroupOrders } from './group-orders.js';
import { Reads } from './reads.js';
import { Snapshots } from './snapshots.js';

@Controller('raft')
export class RaftController {
  constructor(
    private readonly orders: GroupOrders,
    private readonly snapshots: Snapshots,
    private readonly reads: Reads,
  ) {}

  @Get('status')
  status(@Ask() asked: Asked): Promise<RaftStatus> {
    return this.reads.answer(asked, () => this.orders.status());
  }

  @Get('peers')
  peers(@Ask() asked: Asked): Promise<{ peers: readonly RaftPeer[] }> {
    return this.reads.answer(asked, () => ({ peers: this.orders.status().peers }));
  }

  @Get('introduction')
  introduction(@Ask() asked: Asked): object {
    const { body, signature } = this.orders.introduce(asked);
    asked.tell(SIGNATURE_HEADER, signature);
    return body;
  }

  @Get('join-nonce')
  joinNonce(@Ask() asked: Asked): Promise<RaftJoinNonce> {
    return this.orders.joinNonce(asked);
  }

  @Post('join')
  @HttpCode(200)
  join(@Ask() asked: Asked): Promise<RaftJoinAnswer> {
    return this.orders.join(asked);
  }

  @Post('peers')
  @HttpCode(200)
  add(@Ask() asked: Asked): Promise<RaftStatus> {
    return this.orders.add(asked);
  }

  @Delete('peers/:nodeId')
  remove(@Ask() asked: Asked, @Param('nodeId') nodeId: string): Promise<RaftStatus> {
    return this.orders.remove(asked, nodeId);
  }

  @Post('peers/:nodeId/replace')
  @HttpCode(200)
  replace(@Ask() asked: Asked, @Param('nodeId') nodeId: string): Promise<RaftStatus> {
    return this.orders.replace(asked, nodeId);
  }

  @Post('transfer')
  @HttpCode(200)
  transfer(@Ask() asked: Asked): Promise<RaftTransferAnswer> {
    return this.orders.transfer(asked);
  }

  @Post('snapshot')
  @HttpCode(200)
  compact(@Ask() asked: Asked): Promise<{ readonly nodeId: string; readonly index: number }> {
    return this.orders.compact(asked);
  }

  /** A backup; from nobody's memory but that of the majority, unless asked otherwise. */
  @Get('snapshot')
  async save(@Ask() asked: Asked): Promise<SavedState | StreamableFile> {
    const saved = await this.reads.answer<Promise<Readable | SavedState>>(asked, (stamp) => this.snapshots.save(stamp), 'linearizable');
    // That of another coordinator was read already.
    return saved instanceof Readable ? new StreamableFile(saved, { type: 'application/json; charset=utf-8' }) : saved;
  }

  @Post('restore')
  @HttpCode(200)
  restore(@Ask() asked: Asked): Promise<RaftRestoreAnswer> {
    return this.snapshots.restore(asked);
  }
}
