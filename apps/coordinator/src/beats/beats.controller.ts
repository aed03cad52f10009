/** Beats by plain HTTP, for those that have neither bus nor direct lane, and the question that agents ask before their first beat. */
import { type BeatsResponse, FORWARDED_HEADER, type KnownIncarnation, nodeIdSchema } from '@muster/contracts';
import { AppError } from '@muster/observability';
import { Body, Controller, Get, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { Detection } from '../detection/detection.js';
import { BeatIntake } from './beat-intake.js';
import { BeatRelay } from './beat-relay.js';

/** Beats in one request. Count. */
const BEATS_MAX = 1000;

@Controller('cluster')
export class BeatsController {
  constructor(
    private readonly intake: BeatIntake,
    private readonly relay: BeatRelay,
    private readonly detection: Detection,
  ) {}

  @Post('beats')
  @HttpCode(200)
  beats(@Body() body: unknown, @Headers(FORWARDED_HEADER) handedOnBy: string | undefined): BeatsResponse {
    if (!Array.isArray(body)) throw new AppError('BEATS_INVALID', `the body must be a JSON array of 1 to ${BEATS_MAX} beats`, { statusCode: 400 });
    if (body.length === 0 || body.length > BEATS_MAX) throw new AppError('BEATS_INVALID', `the body holds ${body.length} beats, it must hold 1 to ${BEATS_MAX}: send the rest in another request`, { statusCode: 400 });
    const results = this.intake.fromHttp(body);
    if (handedOnBy === undefined) this.relay.handOn(body, results);
    return { results };
  }

  @Get('incarnations/:nodeId')
  incarnation(@Param('nodeId') nodeId: string): KnownIncarnation {
    const named = nodeIdSchema.safeParse(nodeId);
    if (!named.success) throw new AppError('NODE_ID_INVALID', `'${nodeId.slice(0, 128)}' is no node id: it ${named.error.issues[0]?.message ?? 'is malformed'}`, { statusCode: 400 });
    return { nodeId, knownIncarnation: this.detection.incarnation(nodeId) };
  }
}
