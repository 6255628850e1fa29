/**
 * One process that answers: round after round over HTTP, restarts on, what its tools do written to a journal file. Started by
 * killed.test.ts, which may kill it at any moment. Says how the answer ended as one line of JSON.
 */
import { lastValueFrom } from 'rxjs';
import { collectAnswer, defineTool, httpModel, isToolstreamError, openAiChat, streamAnswer, withRetry } from '../../src/index.ts';
import { fileJournal } from '../../src/node.ts';

const [url = '', counter = '', path = ''] = process.argv.slice(2);

/** Has its effect in another process. */
const effect = (name: string) => async (args: unknown) => {
  const response = await fetch(counter, { method: 'POST', body: `${name} ${JSON.stringify(args)}` });
  return response.text();
};
const parameters = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] } as const;
const pay = defineTool({ name: 'pay', description: 'Pays', parameters, startWhen: 'confirmed', execute: effect('pay') });
const put = defineTool({ name: 'put', description: 'Sets', parameters, annotations: { idempotentHint: true }, execute: effect('put') });

const http = httpModel({ dialect: openAiChat, url, model: 'm', retry: { maxTries: 1 } });
const model = withRetry(http, { afterEvents: 'restart', baseDelayMs: 1 });
const journal = fileJournal(path);
const answer$ = streamAnswer({ model, request: { messages: [{ role: 'user', content: 'pay' }] }, tools: [pay, put], journal });
lastValueFrom(answer$.pipe(collectAnswer())).then(
  ({ text, results }) => console.log(JSON.stringify({ text, results: results.map(({ name, outcome }) => [name, outcome._tag]) })),
  (error) => console.log(JSON.stringify({ error: isToolstreamError(error) ? error.code : String(error) })),
);
