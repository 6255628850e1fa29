// The tools that the answers of W2 and W3 call, as the peers want them declared.
export const toolNames = ['search_flights', 'get_weather', 'write_file'];
export const schema = { type: 'object', properties: {}, additionalProperties: true };
export const functions = toolNames.map((name) => ({ type: 'function', function: { name, description: name, parameters: schema } }));
export const messages = [{ role: 'user', content: 'Hello' }];

/** Joins the fragments of calls by their index; `settle` hands on the calls, parsed. Each client leaves this to its user. */
export function callsByIndex(sink) {
  const calls = [];
  return {
    add(index, name, fragment) {
      calls[index] ??= { name, text: '' };
      calls[index].text += fragment ?? '';
    },
    settle() {
      for (const { name, text } of calls.filter(Boolean)) sink.onCall(name, JSON.parse(text));
    },
  };
}
