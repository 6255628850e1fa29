// Bodies made in this process, the same for every contestant, so that no server's and no socket's time is measured.

import { drawing } from '../lib/content.mjs';
import * as anthropic from '../wire/anthropic.mjs';
import * as ollama from '../wire/ollama.mjs';
import * as openai from '../wire/openai.mjs';

export const wires = { openai, anthropic, ollama };

/** The chunks in which a network hands over events: `event` each alone, `few` one to three, or so many bytes. */
export function chunksOf(events, chunking) {
  const encoder = new TextEncoder();
  if (chunking === 'event') return events.map((event) => encoder.encode(event));
  if (chunking === 'few') {
    const draw = drawing(11);
    const chunks = [];
    for (let at = 0; at < events.length; ) {
      const count = 1 + draw(3);
      chunks.push(encoder.encode(events.slice(at, at + count).join('')));
      at += count;
    }
    return chunks;
  }
  return cut(events, chunking, encoder);
}

/** In batches, since one string of ten million fragments would be longer than strings may be. */
function cut(events, size, encoder) {
  const chunks = [];
  let chunk = new Uint8Array(size);
  let filled = 0;
  for (let at = 0; at < events.length; at += 1_000) {
    const bytes = encoder.encode(events.slice(at, at + 1_000).join(''));
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + size - filled);
      chunk.set(part, filled);
      filled += part.length;
      from += part.length;
      if (filled < size) break;
      chunks.push(chunk);
      chunk = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) chunks.push(chunk.subarray(0, filled));
  return chunks;
}

/** A response whose body hands out one chunk whenever it is asked for one. */
export function responseOf(chunks, dialect) {
  let next = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (next < chunks.length) controller.enqueue(chunks[next++]);
      else controller.close();
    },
  });
  return response(body, dialect);
}

/** A response whose body is written from outside: `push` bytes, then `close`. A reader may leave at the end mark, before the end. */
export function openResponse(dialect) {
  let controller;
  const body = new ReadableStream({
    start(started) {
      controller = started;
    },
    cancel() {
      controller = undefined;
    },
  });
  return { response: response(body, dialect), push: (chunk) => controller?.enqueue(chunk), close: () => controller?.close() };
}

function response(body, dialect) {
  return new Response(body, { status: 200, headers: { 'content-type': wires[dialect].contentType } });
}
