/** Starts the producer. `--file PATH` follows a file and stands for MUSTER_PRODUCER_FILE. */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { runService } from '@muster/observability';
import { producerService } from './producer-service.js';

const { values } = parseArgs({ options: { file: { type: 'string' } } });

await runService(producerService({ ...process.env, ...(values.file === undefined ? {} : { MUSTER_PRODUCER_FILE: values.file }) }));
