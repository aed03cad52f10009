/** The coordinator as a process. */
import 'reflect-metadata';
import { MESSAGE_BUS } from '@muster/messaging';
import { runService } from '@muster/observability';
import { AppModule } from './app.module.js';
import { coordinatorSchema } from './config.js';

await runService({
  env: process.env,
  service: 'coordinator',
  schema: coordinatorSchema,
  build: (config, host) => AppModule.forRoot(config, host),
  describeApi: async (document) => {
    const { describeCoordinatorApi } = await import('./api-description.js');
    describeCoordinatorApi(document);
  },
  configure: (app, config, host) => AppModule.listenTo(app, config, app.get(MESSAGE_BUS), host),
});
