/**
 * Imports run one way (docs/architecture.md, "Folders"):
 *
 *   src/index, src/answer, src/testing → operators → the rest of src, and within that rest
 *   models, interop → dialects, text, tools, rounds, latency → calls → json, sse, ndjson → values, messages, events, usage, errors, frame, stage
 */
const layers = [
  { name: 'base', path: '^src/(values|messages|events|usage|errors|frame|joined-text|stage|through)\\.ts$' },
  { name: 'framing', path: '^src/(json|sse|ndjson)/' },
  { name: 'calls', path: '^src/calls/' },
  { name: 'dialects-tools-rounds-latency', path: '^src/(dialects|text|tools|rounds|latency)/' },
  { name: 'models-interop', path: '^src/(models|interop)/' },
  { name: 'operators', path: '^operators/' },
  { name: 'face', path: '^src/(index|answer|agent-tool|node)\\.ts$|^src/testing/' },
];

const upwards = layers.slice(0, -1).map((layer, i) => ({
  name: `${layer.name}-imports-upwards`,
  severity: 'error',
  comment: 'A lower layer imports a higher one.',
  from: { path: layer.path },
  to: {
    path: layers
      .slice(i + 1)
      .map((higher) => higher.path)
      .join('|'),
  },
}));

module.exports = {
  forbidden: [
    ...upwards,
    {
      name: 'every-file-has-its-layer',
      severity: 'error',
      comment: 'A new folder is placed in a layer, here and in docs/architecture.md.',
      from: { path: '^(src|operators)/' },
      to: { path: '^(src|operators)/', pathNot: layers.map((layer) => layer.path).join('|') },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-rxjs-in-stages',
      severity: 'error',
      comment: 'Stages are plain synchronous objects.',
      from: {
        path: '^src/(sse|ndjson|json|calls|dialects|text|latency)/|^src/(values|messages|events|usage|errors|frame|joined-text|stage)\\.ts$',
      },
      to: { path: '(^|/)node_modules/rxjs/' },
    },
    {
      name: 'no-node-in-the-core',
      severity: 'error',
      comment: 'Only the entry point toolstream/node and what it alone uses may need Node.',
      from: { path: '^(src|operators)/', pathNot: '^src/(node|tools/(worker-tool|file-journal)|models/(node-fetch|message-reader))\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'only-node-entry-reaches-what-needs-node',
      severity: 'error',
      from: { path: '^(src|operators)/', pathNot: '^src/(node|models/node-fetch)\\.ts$' },
      to: { path: '^src/(tools/(worker-tool|file-journal)|models/(node-fetch|message-reader))\\.ts$' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
