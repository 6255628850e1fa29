import { afterAll, beforeAll, describe } from 'vitest';
import { nodeFetch } from '../../src/node.ts';

const byDefault = globalThis.fetch;
const { TOOLSTREAM_FIGURES: figures } = process.env;

/** What these suites show of the global `fetch`, shown of {@link nodeFetch}: each asks with what is global at that moment. */
describe('over node:http', async () => {
  beforeAll(() => {
    globalThis.fetch = nodeFetch() as typeof fetch;
    process.env.TOOLSTREAM_FIGURES = '';
  });
  afterAll(() => {
    globalThis.fetch = byDefault;
    if (figures === undefined) delete process.env.TOOLSTREAM_FIGURES;
    else process.env.TOOLSTREAM_FIGURES = figures;
  });

  await import('../models/fetch-bytes.test.ts');
  await import('../models/redirects.test.ts');
  await import('../models/http-model.test.ts');
  await import('./faults-http.test.ts');
  await import('./faults-tls.test.ts');
  await import('./faults.test.ts');
  await import('./resume.test.ts');
  await import('./unsubscribe.test.ts');
});
