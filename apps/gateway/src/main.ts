/** Starts the gateway. */
import 'reflect-metadata';
import { runService } from '@muster/observability';
import { gatewayService } from './gateway-service.js';

await runService(gatewayService(process.env));
