import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tick } from '../support/watched.ts';
import { allExamples, type Example, root } from './extract.ts';

// A dotted folder: left out by the type check, the linter and git. Within the project, so that `toolstream` resolves to the sources.
const folder = join(root, 'test/docs/.examples');
const examples = allExamples();
const fileOf = (example: Example, kind: 'checked' | 'run') => join(folder, `${example.name.replace(/\W+/g, '-')}.${kind}.ts`);

type Log = (line: number, ...values: unknown[]) => void;
const logs = new Map<string, Log>();
(globalThis as { exampleLogs?: Map<string, Log> }).exampleLogs = logs;

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  for (const example of examples) {
    writeFileSync(fileOf(example, 'checked'), `${example.code}\nexport {};\n`);
    writeFileSync(fileOf(example, 'run'), instrumented(example));
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('the examples of the documentation', () => {
  it('pass the type check', { timeout: 120_000 }, () => {
    expect(typeErrors(examples.map((example) => fileOf(example, 'checked')))).toEqual([]);
  });

  describe.each(examples)('$name', (example) => {
    it('prints what its comments say', async () => {
      expect(example.expected.size, 'an example prints with console.log and says in a comment what').toBeGreaterThan(0);
      const printed = new Map<number, string[]>();
      logs.set(example.name, (line, ...values) => printed.set(line, [...(printed.get(line) ?? []), format(...values)]));
      await import(/* @vite-ignore */ pathToFileURL(fileOf(example, 'run')).href);
      const deadline = performance.now() + 5_000;
      while (!allSaid(example, printed) && performance.now() < deadline) await tick();
      // A moment longer: something that is printed once too often would come now.
      await tick(5);
      for (const [line, comment] of example.expected) {
        const said = printed.get(line) ?? [];
        if (!isSaid(comment, said)) expect(said.join('\n'), example.code.split('\n')[line]).toBe(comment);
      }
    });
  });
});

function allSaid(example: Example, printed: ReadonlyMap<number, string[]>): boolean {
  return [...example.expected].every(([line, comment]) => isSaid(comment, printed.get(line) ?? []));
}

/** Compares without white space. What one line prints in several goes may be listed with any of some signs between; `…` stands for anything. */
function isSaid(comment: string, said: readonly string[]): boolean {
  const bare = (text: string) => text.replace(/\s+/g, '');
  const pattern = bare(comment)
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  const whole = new RegExp(`^${pattern}$`, 's');
  return ['', ',', ';', '·', '|', '/', '→'].some((sign) => whole.test(said.map(bare).join(sign)));
}

/** The example with each `console.log` told apart by its line. */
function instrumented({ name, code }: Example): string {
  const numbered = code
    .split('\n')
    .map((line, i) => line.replaceAll('console.log', `((...values: unknown[]) => exampleLog(${i}, ...values))`));
  return `const exampleLog = globalThis.exampleLogs.get(${JSON.stringify(name)});\n${numbered.join('\n')}\nexport {};\n`;
}

function typeErrors(files: readonly string[]): string[] {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.test.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
  );
  // Examples are shorter than programs: what they set up and leave unused is no fault.
  const program = ts.createProgram(files, { ...config?.options, noUnusedLocals: false, noUnusedParameters: false });
  return files.flatMap((file) => {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return found.map((problem) => {
      const line = source && problem.start !== undefined ? source.getLineAndCharacterOfPosition(problem.start).line + 1 : 0;
      return `${file.slice(folder.length + 1)}:${line} ${ts.flattenDiagnosticMessageText(problem.messageText, '\n')}`;
    });
  });
}
