/** Starts the consumer. */
import 'reflect-metadata';
import { runService } from '@muster/observability';
import { consumerService } from './consumer-service.js';

await runService(consumerService(process.env));
