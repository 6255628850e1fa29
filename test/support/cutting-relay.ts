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
 * `bytesOfNext` says and resets both connections then; `Infinity` passes on all.
 */
export async function cuttingRelay(port: number, bytesOfNext: () => number): Promise<CuttingRelay> {
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let left = Infinity;
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
      left = bytesOfNext();
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
      if (left === 0) client.resetAndDestroy();
      else client.write(bytes.subarray(0, left), () => client.resetAndDestroy());
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
