/**
 * What needs Node: tools that compute in worker threads, and a journal of executions in a file.
 *
 * @module toolstream/node
 */
export { type FileJournal, fileJournal } from './tools/file-journal.ts';
export { type WorkerExecute, type WorkerToolOptions, workerTool } from './tools/worker-tool.ts';
