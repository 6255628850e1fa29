import { defineConfig } from 'tsdown';

/**
 * fp-ts and io-ts as their authors compiled them make every class and instance when they are loaded, so that a bundler has to keep all of them: says
 * where nobody would miss what is made.
 */
const shakeable = {
  name: 'shakeable-codecs',
  transform: {
    filter: { id: /[\\/](fp-ts|io-ts)[\\/]es6[\\/]/ },
    handler: (code: string) =>
      code
        .replaceAll('/** @class */', '/* @__PURE__ */')
        .replace(/(?<=\bvar \w+ = (?:(?:\/\*#__PURE__\*\/ )?dual\(2, )?)(?=(?:new |\w+\.)?\w+\()/g, '/* @__PURE__ */ ')
        // The name that `runDefinition` had before version 1: nothing here asks for it.
        .replace(/^Object\.defineProperty\(RecursiveType\.prototype.*?^\}\);$/ms, ''),
  },
};

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
  plugins: [shakeable],
  inputOptions: { resolve: { mainFields: ['module', 'main'] } },
  // Nothing else may slip in: what is optional for users is left to their own copy.
  deps: { onlyBundle: ['fp-ts', 'io-ts'], neverBundle: ['fast-check', 'tinypool', /^node:/] },
  // The declarations have the documentation; a program that imports the package would only read over it.
  outputOptions: { comments: { jsdoc: false } },
  target: 'es2022',
  dts: true,
  sourcemap: true,
  clean: true,
  treeshake: { propertyReadSideEffects: false },
});
