/** `POST /logs`: one record or an array of them; answered only when the bus has them all. */
import { BusError } from '@muster/contracts';
import { AppError, SERVICE_HOST, type ServiceHost } from '@muster/observability';
import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { LogPublisher } from '../publish/log-publisher.js';
import { timeOrderedId } from '../publish/record-id.js';
import { takeIn } from './log-input.js';

export interface LogsAccepted {
  readonly accepted: number;
  /** In the order of the request. */
  readonly ids: readonly string[];
}

@Controller('logs')
export class LogsController {
  constructor(
    @Inject(LogPublisher) private readonly publisher: LogPublisher,
    @Inject(SERVICE_HOST) private readonly host: ServiceHost,
  ) {}

  @Post()
  @HttpCode(202)
  async take(@Body() body: unknown): Promise<LogsAccepted> {
    const nowUnixMs = Date.now();
    const intake = takeIn(body, { nowUnixMs, producerId: this.host.nodeId, newId: () => timeOrderedId(nowUnixMs) });
    if (intake.kind === 'rejected') throw new AppError('LOG_INPUT_INVALID', intake.reason, { statusCode: 400 });
    try {
      await this.publisher.publish(intake.records, 'http');
    } catch (error) {
      throw withAdvice(error);
    }
    return { accepted: intake.records.length, ids: intake.records.map((record) => record.id) };
  }
}

/** What a client may do about it. The status is that of the code, as `docs/errors.md` says for every service. */
export function withAdvice(error: unknown): unknown {
  if (!(error instanceof BusError) || !error.retriable) return error;
  const advice = 'try again; records that carry an id of their own are stored once however often they are sent';
  return new BusError(error.code, true, `${error.message.replace(`${error.code}: `, '')}; not acknowledged: ${advice}`, { cause: error });
}
