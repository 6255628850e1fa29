import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    operators: 'operators/index.ts',
    dialects: 'src/dialects/index.ts',
    testing: 'src/testing/index.ts',
    node: 'src/node.ts',
  },
  format: 'esm',
  // fp-ts and io-ts are inlined from their ES modules: `fp-ts/Either` does not resolve in plain Node, and inlined it is tree-shaken.
  platform: 'neutral',
  inputOptions: { resolve: { mainFields: ['module', 'main'] } },
  // Nothing else may slip in: what is optional for users is left to their own copy.
  deps: { onlyBundle: ['fp-ts', 'io-ts'], neverBundle: ['fast-check', 'tinypool'] },
  target: 'es2022',
  dts: true,
  sourcemap: true,
  clean: true,
  treeshake: true,
});
