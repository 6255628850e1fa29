import { serve } from '@hono/node-server';
import { readConfig } from './config.ts';
import { gateway } from './gateway.ts';

/** Starts the gateway: `GATEWAY_CONFIG=gateway/gateway.example.json node --import tsx gateway/main.ts`. Ctrl+C ends it. On loopback: it asks nobody for a key. */

const config = readConfig(process.env);
serve({ fetch: gateway(config).fetch, port: config.port, hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}/v1 answers for ${[...config.models.keys()].join(', ')}`);
});
