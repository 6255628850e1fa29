import { workerTool } from '../../../src/node.ts';

const execute = workerTool(new URL('./burn.mjs', import.meta.url), { maxWorkers: 2 });
console.log(JSON.stringify(await execute({ ms: 1 }, { signal: new AbortController().signal })));
