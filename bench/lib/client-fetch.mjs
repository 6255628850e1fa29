// One client serves many answers, as in any program, yet each answer has a body of its own: its `fetch` takes them in the order of asking.

/** `wait(fetch)` puts an answer's own fetch in the queue; the client is made with the shared `fetch`. */
export function clientFetch() {
  let queue = [];
  let first = 0;
  return {
    wait: (fetch) => queue.push(fetch),
    fetch: (url, init) => {
      const next = queue[first++];
      if (first === queue.length) {
        queue = [];
        first = 0;
      }
      return next(url, init);
    },
  };
}
