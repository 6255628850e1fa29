// Shows that the laws of test/laws/ can fail: breaks a copy of the sources in one place at a time, and runs the law that is about it.
// `node scripts/break-laws.mjs [part of a name]`
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** One fault each: in `file`, `find` becomes `put`; `law` is the test that has to fail. */
const faults = [
  {
    name: 'characters torn at the end of a chunk',
    file: 'src/sse/text.ts',
    find: 'this.decoder.decode(bytes(chunk, this.reader), { stream: true })',
    put: 'this.decoder.decode(bytes(chunk, this.reader))',
    law: 'any split of the bytes',
  },
  {
    name: 'synthesised ids that differ from run to run',
    file: 'src/calls/assembler.ts',
    find: 'let id = `call_',
    put: 'let id = Math.random() + `call_',
    law: 'any split of the bytes',
  },
  {
    name: 'a cut body that ends as if it were whole',
    file: 'src/dialects/round.ts',
    find: 'if (this.finished) this.close(false, out);',
    put: 'if (this.choices > 0) this.close(false, out);',
    law: 'a prefix of the bytes',
  },
  {
    name: 'a call that was cut short counts as confirmed',
    file: 'src/calls/accumulator.ts',
    find: "if (ending === 'interrupted') {",
    put: "if (ending === 'interrupted' && state !== 'closed') {",
    law: 'a prefix of the bytes',
  },
  {
    name: 'fragments of interleaved calls mixed up',
    file: 'src/calls/assembler.ts',
    find: 'index: fragment.index,',
    put: 'index: undefined,',
    law: 'decode after encode',
  },
  {
    name: 'reasoning lost on the way',
    file: 'src/dialects/round.ts',
    find: '    this.choice(choice).reasoning.append(text);\n',
    put: '    if (text.length > 3) return;\n    this.choice(choice).reasoning.append(text);\n',
    law: 'decode after encode',
  },
  {
    name: 'a payload like one before that keeps a word of it',
    file: 'src/json/similar-json.ts',
    find: '  holder[key] = value;\n  return true;',
    put: '  if (String(value).length !== 2) holder[key] = value;\n  return true;',
    law: 'events are the same',
  },
  {
    name: 'a last event that does not end the response',
    file: 'src/dialects/anthropic-messages-reader.ts',
    find: "      case 'message_stop':\n        this.blocks.settle(out);\n        this.round.end(out);",
    put: "      case 'message_stop':\n        this.blocks.settle(out);\n        out.enqueue({ type: 'round-end', reason: 'stop', message: { role: 'assistant', content: '' } });",
    law: 'a spoilt answer',
  },
  {
    name: 'a bound on depth that is one too low',
    file: 'src/calls/accumulator.ts',
    find: 'options.maxDepth ?? 512',
    put: 'options.maxDepth ?? 511',
    law: 'tool-call.arguments equals',
  },
  {
    name: 'blank arguments refused',
    file: 'src/calls/accumulator.ts',
    find: "if (state === 'blank') return { _tag: 'Right', right: {} };",
    put: '',
    law: 'tool-call.arguments equals',
  },
  {
    name: 'half a surrogate pair shown',
    file: 'src/json/string-reader.ts',
    find: '(piece.charCodeAt(piece.length - 1) & 0xfc00) === 0xd800',
    put: '(piece.charCodeAt(piece.length - 1) & 0xfc00) === 0',
    law: 'partial views only grow',
  },
  {
    name: 'tools that outlive the subscription',
    file: 'src/tools/tool-runner.ts',
    find: 'for (const execution of [...this.open, ...this.attempts.clear()]) execution.abandon();',
    put: '',
    law: 'unsubscribing at any event',
  },
  {
    name: 'side effects repeated after a restart',
    file: 'src/tools/attempts.ts',
    find: 'const found = this.cut.findIndex((noted) => noted.key === key);',
    put: 'const found = -1;',
    law: 'one result per call',
  },
  {
    name: 'calls without a result after a cut',
    file: 'src/tools/tool-runner.ts',
    find: "'The stream broke before the tool was started.', NOT_STARTED)",
    put: "'The stream broke before the tool was started.', [])",
    law: 'one result per call',
  },
  {
    name: 'text left out while a tool runs',
    file: 'src/tools/tool-runner.ts',
    find: '    this.target.next(event);\n    if (this.target.closed) return;',
    put: "    if (event.type !== 'text-delta' || this.open.size === 0) this.target.next(event);\n    if (this.target.closed) return;",
    law: 'within a round the text is the same',
  },
  {
    name: 'results of earlier rounds lost with a cut',
    file: 'src/rounds/answer-record.ts',
    find: 'results: [...results],',
    put: 'results: inner.results,',
    law: 'under a cut at any byte of any round',
  },
  {
    name: 'keys shown where the server repeats them inside the stream',
    file: 'src/models/http-model.ts',
    find: 'redactError(error, redact)',
    put: 'error',
    law: 'shows a key or the prompt',
  },
].filter(({ name }) => name.includes(process.argv[2] ?? ''));

const copy = mkdtempSync(join(tmpdir(), 'toolstream-broken-'));
for (const path of ['src', 'operators', 'test/laws', 'test/support', 'test/rounds', 'vitest.config.ts', 'tsconfig.json', 'package.json']) {
  cpSync(join(root, path), join(copy, path), { recursive: true });
}
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));

let survived = 0;
for (const { name, file, find, put, law } of faults) {
  const path = join(copy, file);
  const whole = readFileSync(path, 'utf8');
  if (!whole.includes(find)) throw new Error(`${file} has no longer: ${find}`);
  writeFileSync(path, whole.replace(find, put));
  const env = { ...process.env, CI: '', NO_COLOR: '1', TOOLSTREAM_SHARED: resolve(root, process.env.TOOLSTREAM_SHARED ?? '../shared') };
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const { status, stdout } = spawnSync(process.execPath, [vitest, 'run', '--root', copy, 'test/laws', '-t', law], {
    cwd: copy,
    encoding: 'utf8',
    env,
  });
  const caught = status !== 0 && /^ +Tests .*failed/m.test(stdout);
  if (!caught) survived++;
  console.log(`${caught ? 'caught  ' : 'SURVIVED'}  ${name}  (law: ${law})`);
  writeFileSync(path, whole);
}
rmSync(copy, { recursive: true, force: true });
if (process.env.TOOLSTREAM_FIGURES && process.argv[2] === undefined) {
  const folder = resolve(root, process.env.TOOLSTREAM_FIGURES);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'laws-broken.json'),
    `${JSON.stringify({ broken: faults.length, caught: faults.length - survived }, null, 2)}\n`,
  );
}
process.exitCode = survived > 0 ? 1 : 0;
