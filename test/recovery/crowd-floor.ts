/** The same crowd by hand, as little as can be done: what a platform takes for it before any library does anything. */
import { endpointUrls, measureCrowd, type Telling } from './crowd-measure.ts';

interface Call {
  readonly id: string;
  readonly name: string;
  arguments: string;
  over: boolean;
}

async function round(url: string, messages: readonly object[], telling: Telling): Promise<Call[]> {
  const body = JSON.stringify({ model: 'm', stream: true, messages });
  const response = await fetch(`${url}/chat/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const decoder = new TextDecoder();
  const calls: Call[] = [];
  const end = (call: Call | undefined) => {
    if (!call || call.over) return;
    call.over = true;
    telling.call(JSON.parse(call.arguments).sent);
    telling.ran();
  };
  const take = (data: string) => {
    const { delta, finish_reason } = JSON.parse(data).choices[0];
    if (delta.content) telling.text(delta.content);
    for (const { index, id, function: called } of delta.tool_calls ?? []) {
      if (!calls[index]) end(calls[index - 1]);
      calls[index] ??= { id, name: called.name, arguments: '', over: false };
      calls[index].arguments += called.arguments;
    }
    if (finish_reason) calls.forEach(end);
  };
  let rest = '';
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk, { stream: true });
    for (let at = rest.indexOf('\n\n'); at >= 0; at = rest.indexOf('\n\n')) {
      const data = rest.slice('data: '.length, at);
      rest = rest.slice(at + 2);
      if (data !== '[DONE]') take(data);
    }
  }
  return calls;
}

async function answer(url: string, telling: Telling): Promise<void> {
  const user = { role: 'user', content: 'go' };
  const calls = await round(url, [user], telling);
  const asked = calls.map(({ id, name, arguments: written }) => ({ id, type: 'function', function: { name, arguments: written } }));
  const results = calls.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: 'there' }));
  await round(url, [user, { role: 'assistant', content: '', tool_calls: asked }, ...results], telling);
}

measureCrowd((endpoint, telling) => {
  answer(endpointUrls[endpoint] ?? '', telling).then(
    () => telling.end('answered'),
    (error: Error) => telling.end(`${error.name}: ${error.message}`),
  );
});
