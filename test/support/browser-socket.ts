/** A WebSocket's class as browsers have it: it takes a list of subprotocols, and makes a word of anything else. It connects to nothing. */
export class BrowserSocket {
  constructor(url: string, protocols: unknown) {
    new URL(url);
    if (!Array.isArray(protocols)) throw new SyntaxError(`The subprotocol '${String(protocols)}' is invalid.`);
  }
}
