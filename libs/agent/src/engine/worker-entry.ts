/** The engine in a thread of its own. Nothing but the wiring; loaded by `EngineHost`. */
import { parentPort, workerData } from 'node:worker_threads';
import { Engine } from './engine.js';
import type { EngineSetup, ToEngine } from './messages.js';

const engine = new Engine(workerData as EngineSetup, (message) => parentPort?.postMessage(message));
parentPort?.on('message', (message: ToEngine) => engine.receive(message));
await engine.start();
