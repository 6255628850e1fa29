import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A relay before a server, which breaks connections. */
export interface CuttingRelay {
  readonly port: number;
  /** How many connections it has broken. */
  readonly cuts: number;
  close(): Promise<void>;
}

/**
 * Passes bytes on between whoever connects and a port on loopback, TLS and all. After what a client sends it passes on as many bytes of the answer as
 * `bytesOfNext` says, told how often this client has sent something, and resets both connections then; `Infinity` passes on all.
 */
export async function cuttingRelay(port: number, bytesOfNext: (sent: number) => number): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let left = Infinity;
    let sent = 0;
    const both = [client, upstream];
    for (const socket of both) {
      sockets.add(socket);
      socket.on('close', () => {
        sockets.delete(socket);
        for (const other of both) other.destroy();
      });
      socket.on('error', () => {});
    }
    client.on('data', (bytes) => {
      left = bytesOfNext(++sent);
      upstream.write(bytes);
    });
    client.on('end', () => upstream.end());
    upstream.on('end', () => client.end());
    upstream.on('data', (bytes) => {
      if (bytes.length < left) {
        left -= bytes.length;
        client.write(bytes);
        return;
      }
      cuts++;
      upstream.destroy();
      client.write(bytes.subarray(0, left), async () => {
        // Loopback delivers at once: a few turns later the client has read it. A runtime may drop what it has not handed on when the reset comes.
        for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
        client.resetAndDestroy();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
