/** Tests that need a build, another runtime or seconds: left out where the sources are broken a thousand times, and where coverage is measured. */
export const slow = [
  'test/{package,runtimes,examples,docs,browser,fuzz}/**',
  'test/recovery/{chaos,crowd,faults,hostile,killed,over-node-http,soak,unsubscribe}*',
  'test/e2e/{adversity,text-while-tools-run}*',
  'test/models/socket-handles*',
  'test/types.test.ts',
  '**/node_modules/**',
];
