/** The body of `POST /logs` for the API description, from the same schema that validates it. */
import { logInputSchema } from '@muster/contracts';
import type { ApiBodyOptions } from '@nestjs/swagger';
import { z } from 'zod';
import { ITEMS_MAX } from './log-input.js';

type SchemaObject = Extract<ApiBodyOptions, { schema: unknown }>['schema'];

const item = z.toJSONSchema(logInputSchema, { target: 'openapi-3.0', io: 'input' }) as SchemaObject;

export const LOG_INPUT_OPENAPI = { oneOf: [item, { type: 'array', minItems: 1, maxItems: ITEMS_MAX, items: item }] } as SchemaObject;
