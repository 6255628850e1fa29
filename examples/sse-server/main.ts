import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Gate, httpModel, openAiChat, streamAnswer } from 'toolstream';
import { FLIGHTS, startModelServer } from '../demo/model-server.ts';
import { tools } from '../demo/tools.ts';
import { plainServer, webServer } from './servers.ts';

/** Shows an answer in a page: `node --import tsx sse-server/main.ts`, then open what it prints. Ctrl+C ends it. */

const page = `<!doctype html><meta charset="utf-8"><title>toolstream</title>
<p>Server: <a href="/?on=plain">node:http</a> · <a href="/?on=web">Web Response</a></p><pre></pre>
<script>
  const out = document.querySelector('pre');
  const source = new EventSource('/' + (new URLSearchParams(location.search).get('on') ?? 'plain'));
  source.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    out.append(event.type === 'text-delta' ? event.text : event.type === 'tool-progress' ? '\\n[' + data + ']\\n' : '');
  };
  source.addEventListener('error', ({ data }) => data && out.append('\\nFailed: ' + JSON.parse(data).message));
  source.addEventListener('end', () => source.close());
</script>`;

const { OPENAI_BASE_URL, OPENAI_API_KEY, MODEL } = process.env;
const url = OPENAI_BASE_URL ?? (await startModelServer()).url;
const messages = [{ role: 'user', content: FLIGHTS }] as const;

const answer = (gate: Gate) =>
  streamAnswer({
    model: httpModel({ dialect: openAiChat, url, model: MODEL ?? 'embedded', apiKey: () => OPENAI_API_KEY ?? 'none', gate }),
    request: { messages },
    tools,
  });

const servers = { '/plain': plainServer((_request, gate) => answer(gate)), '/web': webServer((_request, gate) => answer(gate)) };

const server = createServer((request, response) => {
  const events = servers[request.url as keyof typeof servers];
  if (events) events.emit('request', request, response);
  else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});
