import { asyncScheduler, Observable, type Subscriber, Subscription } from 'rxjs';
import { ConnectionError, LimitError, TimeoutError } from '../errors.ts';
import type { Frame } from '../frame.ts';
import { LONGEST_TIMER_MS } from '../tools/longest-timer.ts';
import type { Gate } from './gate.ts';
import { KeepAlive, type KeepAliveTimes } from './keep-alive.ts';
import { type CloseEvent, closeErrorOf, isRegularClose, isTooLong, openErrorOf, tooLong } from './socket-end.ts';
import type { SocketEvent, SocketLike } from './socket-like.ts';

/** What a connection is held to. */
export interface ConnectionSettings {
  readonly url: string;
  readonly connectMs: number;
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
  readonly keepAlive: KeepAliveTimes;
}

/** How long a closed connection may take over its farewell, in milliseconds. */
const FAREWELL_MS = 1_000;
const OPEN = 1;
/** What a waiting message costs besides its bytes: a million empty ones are no nothing. */
const MESSAGE_COST = 64;

/**
 * One WebSocket. It is read by one subscriber at a time, and may be read by the next when that one has what it wanted; what comes
 * while nobody reads, or while the reader's gate is closed, waits in a bounded queue.
 */
export class SocketConnection {
  private readonly socket: SocketLike;
  private readonly settings: ConnectionSettings;
  private readonly keepAlive: KeepAlive;
  private readonly work = new Subscription();
  private readonly outbox: string[] = [];
  private queue: Array<{ readonly frame: Frame; readonly bytes: number }> = [];
  /** Where the queue begins; shifting a long array costs its length each time. */
  private first = 0;
  private queuedBytes = 0;
  private reader: Subscriber<Frame> | undefined;
  private gate: Gate | undefined;
  private waitingForGate = false;
  private draining = false;
  private failure: unknown;
  private opened = false;
  private ending: { readonly error?: unknown; readonly failed: boolean } | undefined;
  private closed = false;

  constructor(socket: SocketLike, settings: ConnectionSettings) {
    this.socket = socket;
    this.settings = settings;
    this.keepAlive = new KeepAlive(socket, settings.keepAlive, (error) => this.fail(error));
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => this.onOpen());
    socket.addEventListener('message', ({ data }) => this.onMessage(data));
    socket.addEventListener('error', (event) => this.onError(event));
    // Deno has 0 for a lost connection.
    socket.addEventListener('close', ({ code, reason = '' }) => this.onClose({ code: code || 1006, reason }));
    const { connectMs } = settings;
    if (connectMs <= LONGEST_TIMER_MS) {
      this.work.add(asyncScheduler.schedule(() => this.opened || this.fail(new TimeoutError('connect', connectMs)), connectMs));
    }
  }

  /** Whether more can be asked of it. */
  get usable(): boolean {
    return this.ending === undefined;
  }

  /** Sends messages, as soon as it is open. */
  send(messages: readonly string[]): void {
    if (this.ending) return;
    this.outbox.push(...messages);
    if (this.opened) this.flush();
  }

  /** What comes from now on, and what waited. Completes when the connection is closed regularly. Unsubscribing leaves it open. */
  frames(gate?: Gate): Observable<Frame> {
    return new Observable((subscriber) => {
      this.reader = subscriber;
      this.gate = gate;
      this.drain();
      return () => {
        if (this.reader === subscriber) this.reader = undefined;
      };
    });
  }

  /** Called once, when it has ended in any way. */
  onEnd(tell: () => void): void {
    if (this.ending) tell();
    else this.work.add(tell);
  }

  /** Says farewell; nothing that still comes is read. */
  close(): void {
    this.queue = [];
    this.first = 0;
    this.end({ failed: false });
  }

  private onOpen(): void {
    if (this.ending) return;
    this.opened = true;
    this.keepAlive.start();
    this.flush();
  }

  private flush(): void {
    for (let message = this.outbox.shift(); message !== undefined; message = this.outbox.shift()) {
      if (this.socket.readyState === OPEN) this.socket.send(message);
    }
  }

  private onMessage(data: unknown): void {
    if (this.ending) return;
    this.keepAlive.heard();
    const { maxFrameBytes, maxQueuedBytes } = this.settings;
    // A class that does not heed `binaryType`.
    if (!isMessage(data)) {
      this.fail(
        new ConnectionError(
          'The WebSocket gave a message that is neither text nor an ArrayBuffer: hand in a class that heeds `binaryType`.',
        ),
      );
      return;
    }
    const bytes = sizeOf(data, maxFrameBytes);
    if (bytes > maxFrameBytes) {
      this.fail(tooLong(maxFrameBytes));
      return;
    }
    const cost = bytes + MESSAGE_COST;
    this.queue.push({ frame: frameOf(data), bytes: cost });
    this.queuedBytes += cost;
    this.drain();
    if (this.queuedBytes > maxQueuedBytes)
      this.fail(new LimitError('maxQueuedBytes', maxQueuedBytes, 'bytes of messages that nobody read yet'));
  }

  private onError(event: SocketEvent): void {
    if (this.ending) return;
    if (isTooLong(event.error)) this.fail(tooLong(this.settings.maxFrameBytes));
    else if (!this.opened) this.fail(openErrorOf(this.settings.url, event));
    else this.failure = event.error;
  }

  private onClose(event: CloseEvent): void {
    this.closed = true;
    if (!this.opened) this.fail(openErrorOf(this.settings.url));
    else if (isRegularClose(event)) this.end({ failed: false });
    else this.fail(closeErrorOf(this.settings.url, event, this.failure));
  }

  private fail(error: unknown): void {
    this.end({ failed: true, error });
  }

  private end(ending: { readonly error?: unknown; readonly failed: boolean }): void {
    if (this.ending) return;
    this.ending = ending;
    this.keepAlive.stop();
    this.work.unsubscribe();
    this.letGo(ending.failed && !(ending.error instanceof LimitError));
    this.drain();
  }

  /** A peer that does not answer the farewell is left without one. */
  private letGo(broken: boolean): void {
    const { socket } = this;
    if (this.closed) return;
    // A held socket would not hear the farewell.
    if (this.waitingForGate) socket.resume?.();
    if (broken && socket.terminate) {
      socket.terminate();
      return;
    }
    try {
      socket.close(1000);
    } catch {
      // Closed already.
    }
    if (!socket.terminate) return;
    const timer = asyncScheduler.schedule(() => socket.terminate?.(), FAREWELL_MS);
    socket.addEventListener('close', () => timer.unsubscribe());
  }

  /** Hands on what waits. The reader may change on the way: a round's last message may be what asks for the next round. */
  private drain(): void {
    if (this.draining) return;
    this.draining = true;
    while (this.reader && this.first < this.queue.length) {
      if (this.gate && !this.gate.open) {
        this.waitForGate(this.gate);
        break;
      }
      const { frame, bytes } = this.take();
      this.queuedBytes -= bytes;
      this.reader.next(frame);
    }
    this.draining = false;
    if (this.first < this.queue.length || !this.ending) return;
    const { reader, ending } = this;
    if (ending.failed) reader?.error(ending.error);
    else reader?.complete();
  }

  private take(): (typeof this.queue)[number] {
    const next = this.queue[this.first++] as (typeof this.queue)[number];
    if (this.first * 2 >= this.queue.length) {
      this.queue = this.queue.slice(this.first);
      this.first = 0;
    }
    return next;
  }

  private waitForGate(gate: Gate): void {
    if (this.waitingForGate) return;
    this.waitingForGate = true;
    if (!this.ending) this.socket.pause?.();
    void gate.opened().then(() => {
      this.waitingForGate = false;
      if (!this.ending) this.socket.resume?.();
      this.drain();
    });
  }
}

/** A binary message is marked by the event name `binary`, its data in base64. */
function frameOf(data: SocketData): Frame {
  if (typeof data === 'string') return { data };
  return { event: BINARY, data: base64(bytesOf(data)) };
}

/** The `event` of a frame that was a binary message. */
export const BINARY = 'binary';

type SocketData = string | ArrayBuffer | ArrayBufferView;

function isMessage(data: unknown): data is SocketData {
  return typeof data === 'string' || data instanceof ArrayBuffer || ArrayBuffer.isView(data);
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Exact only where it matters: a text of that many UTF-16 code units may be too long. */
function sizeOf(data: SocketData, limit: number): number {
  if (typeof data !== 'string') return bytesOf(data).byteLength;
  return data.length * 3 > limit ? new TextEncoder().encode(data).byteLength : data.length;
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  // In pieces: a call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(binary);
}
