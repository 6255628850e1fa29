// The tools that the answers of W2 and W3 call, as the peers want them declared.
export const toolNames = ['search_flights', 'get_weather', 'write_file'];
export const schema = { type: 'object', properties: {}, additionalProperties: true };
export const functions = toolNames.map((name) => ({ type: 'function', function: { name, description: name, parameters: schema } }));
export const messages = [{ role: 'user', content: 'Hello' }];

/** Joins the fragments of calls: one is over, and parsed, when the next one begins or `settle` says so. Each client leaves this to its user. */
export function callsByIndex(sink) {
  let call;
  const settle = () => {
    if (call) sink.onCall(call.name, JSON.parse(call.text));
    call = undefined;
  };
  return {
    settle,
    add(index, name, fragment) {
      if (index !== call?.index) {
        settle();
        call = { index, name, text: '' };
      }
      call.text += fragment ?? '';
    },
  };
}
