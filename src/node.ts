/**
 * What needs Node: tools that compute in worker threads.
 *
 * @module toolstream/node
 */
export { type WorkerExecute, type WorkerToolOptions, workerTool } from './tools/worker-tool.ts';
