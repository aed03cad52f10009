/** Refuses bodies above the limit, before they are read where their length is announced. */
import { AppError } from '@muster/observability';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export function limitBodies(app: NestFastifyApplication, bodyBytesMax: number): void {
  app.useBodyParser('application/json', { bodyLimit: bodyBytesMax });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, _reply, done) => {
      const bytes = Number(request.headers['content-length'] ?? 0);
      if (bytes <= bodyBytesMax) done();
      else done(new AppError('BODY_TOO_LARGE', `the body has ${bytes} bytes, at most ${bodyBytesMax} are taken: send fewer records per request, or raise producer.bodyBytesMax`, { statusCode: 413 }));
    });
}
