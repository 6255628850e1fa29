/**
 * What needs Node: tools that compute in worker threads, a journal of executions in a file, and a `fetch` for many answers at once.
 *
 * @module toolstream/node
 */
export { type NodeAgent, type NodeFetchOptions, nodeFetch } from './models/node-fetch.ts';
export { type FileJournal, fileJournal } from './tools/file-journal.ts';
export { type WorkerExecute, type WorkerToolOptions, workerTool } from './tools/worker-tool.ts';
