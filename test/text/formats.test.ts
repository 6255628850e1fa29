import { describe, expect, it } from 'vitest';
import type { TextCallFormat } from '../../src/text/call-formats.ts';
import { extract, joined, seen, singles } from './support.ts';

interface Sample {
  readonly name: string;
  readonly format: TextCallFormat | 'auto';
  readonly text: string;
  readonly left?: string;
  readonly calls?: readonly unknown[];
}

const paris = ['get_weather', { city: 'Paris' }];
const oslo = ['get_weather', { city: 'Oslo' }];

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const notLiterals = [
  ...[
    'x=010',
    'x=1_000',
    'x=0x10',
    'x=1e',
    'x=--1',
    'x=.',
    'x=1 2',
    "x='a' 'b'",
    "x='a''b'",
    `x="""a"""`,
    'x=f()',
    'x=1, x=2',
    '1x=1',
    'x',
    '**x',
  ],
  ...['x={1: 2}', "x='a\nb'", "x='\\x4'", "x='\\U00110000'", 'x=[1 2]', 'x=yes', `x=${nested(66)}`],
];

const samples: readonly Sample[] = [
  {
    name: 'Hermes: two calls with text before',
    format: 'auto',
    text: 'I look.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>',
    left: 'I look.\n',
    calls: [paris, oslo],
  },
  {
    name: 'Hermes: arguments before the name',
    format: 'hermes',
    text: '<tool_call>{"arguments":{"city":"Oslo"},"name":"get_weather"}</tool_call>',
    calls: [oslo],
  },
  {
    name: 'Hermes: arguments as a string of JSON',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":"{\\"x\\":\\"}\\"}"}</tool_call>',
    calls: [['f', { x: '}' }]],
  },
  { name: 'Hermes: no arguments', format: 'hermes', text: '<tool_call>{"name":"f"}</tool_call>', calls: [['f', {}]] },
  { name: 'Hermes: null arguments', format: 'hermes', text: '<tool_call>{"name":"f","arguments":null}</tool_call>', calls: [['f', {}]] },
  { name: 'Hermes: the end mark is missing', format: 'hermes', text: '<tool_call>{"name":"f","arguments":{}}', calls: [['f', {}]] },
  {
    name: 'Hermes: an end mark is missing between two',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":{}}<tool_call>{"name":"get"}</tool_call>',
    calls: [
      ['f', {}],
      ['get', {}],
    ],
  },
  {
    name: 'Hermes: marks within arguments',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":{"x":"</tool_call>{`\\""}}</tool_call> ok',
    left: ' ok',
    calls: [['f', { x: '</tool_call>{`"' }]],
  },
  { name: 'Hermes: an undeclared name', format: 'hermes', text: 'a <tool_call>{"name":"rm","arguments":{"x":1}}</tool_call> b' },
  {
    name: 'Hermes: in a code block',
    format: 'hermes',
    text: 'Like so:\n```xml\n<tool_call>{"name":"f","arguments":{}}</tool_call>\n```\nDone.',
  },
  {
    name: 'Hermes: in a code block of tildes that holds backticks',
    format: 'hermes',
    text: '~~~\n```\n<tool_call>{"name":"f"}</tool_call>\n```\n<tool_call>{"name":"f"}</tool_call>\n~~~',
  },
  {
    name: 'Hermes: after a code block',
    format: 'hermes',
    text: '```\nx\n```\n<tool_call>{"name":"f"}</tool_call>',
    left: '```\nx\n```\n',
    calls: [['f', {}]],
  },
  {
    name: 'Hermes: in inline code',
    format: 'hermes',
    text: 'Write `<tool_call>{"name":"f"}</tool_call>` or ``a ` <tool_call>{"name":"f"}</tool_call>``.',
  },
  {
    name: 'Hermes: after inline code and a stray backtick',
    format: 'hermes',
    text: '`a` ` b\n<tool_call>{"name":"f"}</tool_call>',
    left: '`a` ` b\n',
    calls: [['f', {}]],
  },
  {
    name: 'Hermes: three backticks within a line are inline code',
    format: 'hermes',
    text: '```x``` <tool_call>{"name":"f"}</tool_call>',
    left: '```x``` ',
    calls: [['f', {}]],
  },
  { name: 'Hermes: in quotation marks', format: 'hermes', text: 'Say "<tool_call>{"name":"f"}</tool_call>".' },
  { name: 'Hermes: in a block quote', format: 'hermes', text: '> <tool_call>{"name":"f"}</tool_call>\n\nSee?' },
  {
    name: 'Hermes: a mark begins again',
    format: 'hermes',
    text: '<tool_<<tool_call><tool_call>{"name":"f"}</tool_call>',
    left: '<tool_<<tool_call>',
    calls: [['f', {}]],
  },
  {
    name: 'Hermes: garbled behind the arguments',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":{"x":1} oops',
    left: ' oops',
    calls: [['f', 'incomplete']],
  },
  {
    name: 'Hermes: cut in the arguments',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":{"x":',
    calls: [['f', 'incomplete']],
  },
  { name: 'Hermes: cut before the arguments', format: 'hermes', text: 'a<tool_call>{"name":"f","argu' },
  {
    name: 'Hermes: cut within the end mark',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":{}}</tool',
    left: '</tool',
    calls: [['f', {}]],
  },
  {
    name: 'Mistral: a list',
    format: 'mistral',
    text: '[TOOL_CALLS] [{"name": "f", "arguments": {"x": [1]}, "id": "abc123def"}, {"name": "get", "arguments": {}}]',
    calls: [
      ['f', { x: [1] }],
      ['get', {}],
    ],
  },
  {
    name: 'Mistral: names and [ARGS]',
    format: 'auto',
    text: 'Hm. [TOOL_CALLS]f[ARGS]{"x": 1}[TOOL_CALLS]get[CALL_ID]a1B2c3D4e[ARGS]{}',
    left: 'Hm. ',
    calls: [
      ['f', { x: 1 }],
      ['get', {}],
    ],
  },
  {
    name: 'Mistral: a name right before the arguments',
    format: 'mistral',
    text: '[TOOL_CALLS]get_weather{"city": "Paris"}',
    calls: [paris],
  },
  { name: 'Mistral: an undeclared name', format: 'mistral', text: '[TOOL_CALLS]rm{"x": 1}' },
  {
    name: 'Mistral: an undeclared name in the list stays',
    format: 'mistral',
    text: '[TOOL_CALLS][{"name":"f","arguments":{}},{"name":"rm","arguments":{}}]',
    left: ',{"name":"rm","arguments":{}}]',
    calls: [['f', {}]],
  },
  {
    name: 'DeepSeek V3: code blocks of JSON',
    format: 'auto',
    text: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Paris"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    calls: [paris, ['f', {}]],
  },
  {
    name: 'DeepSeek V3.1: bare',
    format: 'deepseek',
    text: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>send-mail<｜tool▁sep｜>{"to":"a"}<｜tool▁call▁end｜><｜tool▁calls▁end｜> x',
    left: ' x',
    calls: [['send-mail', { to: 'a' }]],
  },
  {
    name: 'DeepSeek: an undeclared name',
    format: 'deepseek',
    text: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{"to":"a"}<｜tool▁call▁end｜>',
  },
  {
    name: 'Llama: the whole message',
    format: 'llama-json',
    text: '\n{"name": "get_weather", "parameters": {"city": "Paris"}}; {"type": "function", "name": "f", "parameters": {}}',
    calls: [paris, ['f', {}]],
  },
  {
    name: 'Llama: with its tag',
    format: 'auto',
    text: 'Ok<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris"}}',
    left: 'Ok',
    calls: [paris],
  },
  { name: 'Llama: an object that something follows', format: 'llama-json', text: '{"name": "f", "parameters": {}} is what to send.' },
  { name: 'Llama: an object behind text', format: 'llama-json', text: 'Send {"name": "f", "parameters": {}}' },
  { name: 'Llama: another object', format: 'llama-json', text: '{"name": "f", "colour": "red"}' },
  { name: 'Llama: cut', format: 'llama-json', text: '{"name": "f", "parameters": {"x": 1' },
  { name: 'without a marker nothing is a call for auto', format: 'auto', text: '{"name": "f", "parameters": {}}' },
  {
    name: 'pythonic: the whole message',
    format: 'pythonic',
    text: `[get_weather(city="Paris"), f(x=1, y=[True, None, -2.5], z={'a': 'it\\'s \\u00e9'},)]`,
    calls: [paris, ['f', { x: 1, y: [true, null, -2.5], z: { a: "it's é" } }]],
  },
  { name: 'pythonic: between marks', format: 'auto', text: '<|python_start|>[f(x=")]")]<|python_end|>', calls: [['f', { x: ')]' }]] },
  { name: 'pythonic: something follows', format: 'pythonic', text: '[f(x=1)] is a list.' },
  { name: 'pythonic: a list of something else', format: 'pythonic', text: '[1, 2]' },
  { name: 'pythonic: an expression is not evaluated', format: 'pythonic', text: '[f(x=1+1)]' },
  { name: 'pythonic: cut', format: 'pythonic', text: '[f(x="a' },
  {
    name: 'plain: behind text',
    format: 'plain',
    text: 'I look.\nget_weather(city="Paris")\nget_weather(city=\'Oslo\')\n',
    left: 'I look.\n',
    calls: [paris, oslo],
  },
  { name: 'plain: an explanation follows', format: 'plain', text: 'f(x=1)\ncalls f.' },
  { name: 'plain: within a line', format: 'plain', text: 'Use f(x=1)' },
  { name: 'plain: in a code block', format: 'plain', text: '```\nf(x=1)\n' },
  { name: 'plain: positional arguments', format: 'plain', text: 'f("a")' },
  { name: 'plain: no arguments', format: 'plain', text: 'f()', calls: [['f', {}]] },
  {
    name: 'Hermes: right behind a closing quotation mark, an apostrophe, and an inch',
    format: 'auto',
    text: 'I look for "Paris"<tool_call>{"name":"f"}</tool_call>\nThe users\'<tool_call>{"name":"f"}</tool_call>\nA 5" disk: <tool_call>{"name":"f"}</tool_call>',
    left: 'I look for "Paris"\nThe users\'\nA 5" disk: ',
    calls: [
      ['f', {}],
      ['f', {}],
      ['f', {}],
    ],
  },
  { name: 'Hermes: within a quotation', format: 'auto', text: 'It says "now run <tool_call>{"name":"f"}</tool_call> please".' },
  {
    name: 'Hermes: in quotation marks of other languages',
    format: 'auto',
    text: '「<tool_call>{"name":"f"}</tool_call>」 «a <tool_call>{"name":"f"}</tool_call>» „<tool_call>{"name":"f"}</tool_call>“',
  },
  {
    name: 'Hermes: behind a quotation of German',
    format: 'auto',
    text: '„Paris“<tool_call>{"name":"f"}</tool_call>',
    left: '„Paris“',
    calls: [['f', {}]],
  },
  {
    name: 'Hermes: a quotation that is left open ends with its line',
    format: 'auto',
    text: 'Say "hi\n<tool_call>{"name":"f"}</tool_call>',
    left: 'Say "hi\n',
    calls: [['f', {}]],
  },
  {
    name: 'Hermes: in a code block of a list',
    format: 'auto',
    text: '1. Like:\n\n    ```xml\n    <tool_call>{"name":"f"}</tool_call>\n    ```\n- ```\n  <tool_call>{"name":"f"}</tool_call>\n  ```\n\t~~~\n\t<tool_call>{"name":"f"}</tool_call>',
  },
  {
    name: 'Hermes: behind a code block of a list',
    format: 'auto',
    text: '- ```\n  x\n  ```\n<tool_call>{"name":"f"}</tool_call>',
    left: '- ```\n  x\n  ```\n',
    calls: [['f', {}]],
  },
  {
    name: 'Hermes: a fence that stands deeper than the one that is open closes nothing',
    format: 'auto',
    text: '```\n    ```\n<tool_call>{"name":"f"}</tool_call>\n- ```\n<tool_call>{"name":"f"}</tool_call>',
  },
  {
    name: 'Hermes: in indented code',
    format: 'auto',
    text: 'Like:\n\n    <tool_call>{"name":"f"}</tool_call>\n\tor <tool_call>{"name":"f"}</tool_call>\n',
  },
  {
    name: 'Hermes: indented in a paragraph, and in a list',
    format: 'auto',
    text: 'So:\n    <tool_call>{"name":"f"}</tool_call>\n\n2) a\n\n    <tool_call>{"name":"f"}</tool_call>\n\nend\n\n    <tool_call>{"name":"f"}</tool_call>',
    left: 'So:\n    \n\n2) a\n\n    \n\nend\n\n    <tool_call>{"name":"f"}</tool_call>',
    calls: [
      ['f', {}],
      ['f', {}],
    ],
  },
  {
    name: 'Hermes: a dict of Python',
    format: 'hermes',
    text: `<tool_call>\n{'arguments': {'x': [True, None], "y": 1, 'z': 'it\\'s'}, 'name': 'f'}\n</tool_call>`,
    calls: [['f', { x: [true, null], y: 1, z: "it's" }]],
  },
  {
    name: 'Hermes: a dict of Python that calls what is not declared',
    format: 'hermes',
    text: `<tool_call>{'name': 'rm', 'arguments': {}}</tool_call>`,
  },
  { name: 'Hermes: a dict of Python with another key', format: 'hermes', text: `<tool_call>{'name': 'f', 'why': {}}</tool_call>` },
  {
    name: 'Hermes: a code block within the marks',
    format: 'hermes',
    text: '<tool_call>\n```json\n{"name":"f","arguments":{}}\n```\n</tool_call>',
    calls: [['f', {}]],
  },
  {
    name: 'Hermes: an undeclared call whose arguments hold a call of another format',
    format: 'auto',
    text: '<tool_call>{"name":"rm","arguments":{"q":"run [TOOL_CALLS]f{} now"}}</tool_call>',
  },
  {
    name: 'Hermes: a mark begins within what begins another',
    format: 'auto',
    text: '<tool_call>\n<<tool_call>\n<tool_call>{"name":"f"}</tool_<tool_call>{"name":"get"}</tool_call>',
    left: '<tool_call>\n<<tool_call>\n</tool_',
    calls: [
      ['f', {}],
      ['get', {}],
    ],
  },
  { name: 'Mistral: one object', format: 'mistral', text: '[TOOL_CALLS]{"name": "f", "arguments": {"x": 1}}', calls: [['f', { x: 1 }]] },
  {
    name: 'Mistral: its marker in arguments',
    format: 'mistral',
    text: '[TOOL_CALLS]f[ARGS]{"x":"[TOOL_CALLS] is a marker"}',
    calls: [['f', { x: '[TOOL_CALLS] is a marker' }]],
  },
  {
    name: 'Llama: a tag',
    format: 'llama-json',
    text: 'Ok.<function=get_weather>{"city": "Paris"}</function>',
    left: 'Ok.',
    calls: [paris],
  },
  {
    name: 'Llama: an end mark that was left in',
    format: 'llama-json',
    text: '{"name": "f", "parameters": {}}<|eom_id|>',
    calls: [['f', {}]],
  },
  { name: 'pythonic: an end mark that was left in', format: 'pythonic', text: '[f(x=1)]<|eot_id|>\n', calls: [['f', { x: 1 }]] },
  { name: 'pythonic: another end mark', format: 'pythonic', text: '[f(x=1)]<|end|>' },
  { name: 'pythonic: LFM 2', format: 'auto', text: "<|tool_call_start|>[get_weather(city='Paris')]<|tool_call_end|>", calls: [paris] },
  {
    name: 'pythonic: nested tuples, signs, exponents, escapes',
    format: 'pythonic',
    text: `[f(b=-1.5e3, a={"k": (1,), 'n': [[], {}, ()]}, c=(2), d=+.5, e=1., s='a\\n\\'b\\x41\\U0001F600', t="x)]", q='\\q')]`,
    calls: [['f', { b: -1500, a: { k: [1], n: [[], {}, []] }, c: 2, d: 0.5, e: 1, s: "a\n'bA😀", t: 'x)]', q: '\\q' }]],
  },
  { name: 'pythonic: brackets 64 deep', format: 'pythonic', text: `[f(x=${nested(64)})]`, calls: [['f', { x: JSON.parse(nested(64)) }]] },
  ...notLiterals.map(
    (args): Sample => ({ name: `pythonic: f(${args.slice(0, 20)}) is no call`, format: 'pythonic', text: `[f(${args})]` }),
  ),
  {
    name: 'Kimi K2: two calls',
    format: 'auto',
    text: 'I look. <|tool_calls_section_begin|> <|tool_call_begin|>\nfunctions.get_weather:0 <|tool_call_argument_begin|> {"city": "Paris"} <|tool_call_end|><|tool_call_begin|>f:11<|tool_call_argument_begin|>{}<|tool_call_end|> <|tool_calls_section_end|>',
    left: 'I look. ',
    calls: [paris, ['f', {}]],
  },
  {
    name: 'Kimi K2: an undeclared name',
    format: 'kimi',
    text: '<|tool_calls_section_begin|><|tool_call_begin|>functions.rm:0<|tool_call_argument_begin|>{}<|tool_call_end|>',
  },
  {
    name: 'Kimi K2: a name without its number',
    format: 'kimi',
    text: '<|tool_calls_section_begin|><|tool_call_begin|>functions.f<|tool_call_argument_begin|>{}<|tool_call_end|>',
  },
  {
    name: 'Hermes: a garbled call behind another',
    format: 'hermes',
    text: '<tool_call>{"name":"f"}</tool_call>\n<tool_call>{"name":"f","arguments":{"x":1} oops',
    left: ' oops',
    calls: [
      ['f', {}],
      ['f', 'incomplete'],
    ],
  },
  {
    name: 'Hermes: two kinds of arguments',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":{"x":1},"parameters":{"x":2}}</tool_call>',
    left: ',"parameters":{"x":2}}</tool_call>',
    calls: [['f', 'incomplete']],
  },
  { name: 'Hermes: two names', format: 'hermes', text: '<tool_call>{"name":"f","name":"get","arguments":{}}</tool_call>' },
  {
    name: 'Hermes: in indented code, right behind what begins another call',
    format: 'auto',
    text: '<｜tool▁calls▁begin｜>\n\n    <tool_call>{"name":"f"}</tool_call>',
  },
  {
    name: 'Hermes: in a block quote of a list',
    format: 'hermes',
    text: '1. a\n\n     > <tool_call>{"name":"f"}</tool_call>\n- > <tool_call>{"name":"f"}</tool_call>',
  },
  {
    name: 'Kimi K2: a colon without a number',
    format: 'kimi',
    text: '<|tool_calls_section_begin|><|tool_call_begin|>f:<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
  },
  {
    name: 'Kimi K2: a number of eleven digits',
    format: 'kimi',
    text: '<|tool_calls_section_begin|><|tool_call_begin|>f:12345678901<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>',
  },
  ...['', ';'].map(
    (between): Sample => ({
      name: `Llama: two objects with ${between || 'nothing'} between`,
      format: 'llama-json',
      text: `{"name":"f","parameters":{}}${between} {"name":"f","parameters":{"x":1}}`,
      calls: [
        ['f', {}],
        ['f', { x: 1 }],
      ],
    }),
  ),
  {
    name: 'Llama: two objects with a comma between',
    format: 'llama-json',
    text: '{"name":"f","parameters":{}}, {"name":"f","parameters":{}}',
  },
  {
    name: 'Hermes: a key that no call has',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":{},"note":1}</tool_call>',
    left: ',"note":1}</tool_call>',
    calls: [['f', 'incomplete']],
  },
  {
    name: 'Hermes: an id beside',
    format: 'hermes',
    text: '<tool_call>{"name":"f","arguments":{},"id":"a"}</tool_call>',
    calls: [['f', {}]],
  },
  { name: 'Hermes: a name that is no text', format: 'hermes', text: '<tool_call>{"name":7,"arguments":{}}</tool_call>' },
  {
    name: 'Hermes: a torn end mark',
    format: 'hermes',
    text: '<tool_call>{"name":"f"}</tool',
    left: '</tool',
    calls: [['f', {}]],
  },
  { name: 'GLM: no arguments', format: 'hermes', text: '<tool_call>f\n</tool_call>', calls: [['f', {}]] },
  {
    name: 'GLM: a key twice',
    format: 'hermes',
    text: '<tool_call>f\n<arg_key>a</arg_key>\n<arg_value>1</arg_value>\n<arg_key>a</arg_key>\n<arg_value>2</arg_value>\n</tool_call>',
    left: '\n<arg_key>a</arg_key>\n<arg_value>2</arg_value>\n</tool_call>',
    calls: [['f', 'incomplete']],
  },
  { name: 'GLM: a garbled mark', format: 'hermes', text: '<tool_call>f\n<arg_key>a</arg_ky>\n</tool_call>' },
  {
    name: 'Qwen3-Coder: a parameter twice',
    format: 'hermes',
    text: '<tool_call><function=f>\n<parameter=a>\n1\n</parameter>\n<parameter=a>\n2\n</parameter>\n</function></tool_call>',
    left: '\n<parameter=a>\n2\n</parameter>\n</function></tool_call>',
    calls: [['f', 'incomplete']],
  },
  { name: 'Qwen3-Coder: an undeclared function', format: 'hermes', text: '<tool_call><function=nope>\n</function></tool_call>' },
  {
    name: 'DeepSeek: arguments that are a list',
    format: 'deepseek',
    text: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n[1]\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  },
  { name: 'pythonic: names with capitals and digits', format: 'pythonic', text: '[f(A_z=1, x9=2)]', calls: [['f', { A_z: 1, x9: 2 }]] },
  { name: 'pythonic: signed exponents', format: 'pythonic', text: '[f(x=1e+2, y=1E-2)]', calls: [['f', { x: 100, y: 0.01 }]] },
  ...['f(x:1)', 'f(=1)', 'f[x=1]', 'f(x=1+2)'].map(
    (call): Sample => ({ name: `pythonic: ${call} is no call`, format: 'pythonic', text: `[${call}]` }),
  ),
  ...[';', ',', ''].map(
    (between): Sample => ({
      name: `pythonic: calls with ${between || 'nothing'} between, behind Llama’s tag`,
      format: 'auto',
      text: `<|python_tag|>f(x=1)${between} f(x=2)`,
      calls: [
        ['f', { x: 1 }],
        ['f', { x: 2 }],
      ],
    }),
  ),
  ...['1. a\n   ', '0. a\n\n       ', '9) a\n\n       ', '- a\n\n      ', 'a\n    '].map(
    (left): Sample => ({
      name: `Hermes: indented, and no code: ${JSON.stringify(left)}`,
      format: 'auto',
      text: `${left}<tool_call>{"name":"f"}</tool_call>`,
      left,
      calls: [['f', {}]],
    }),
  ),
  ...['a\n\n    ', '- a\n\nb\n\n    '].map(
    (before): Sample => ({
      name: `Hermes: in indented code: ${JSON.stringify(before)}`,
      format: 'auto',
      text: `${before}<tool_call>{"name":"f"}</tool_call>`,
    }),
  ),
  { name: 'pythonic: more behind an end mark', format: 'pythonic', text: '[f(x=1)]<|eot_id|> and so on' },
];

describe('calls written as text', () => {
  it.each(samples)('$name', ({ format, text, left, calls = [] }) => {
    const whole = extract([text], { format });
    expect(seen(whole)).toEqual({ text: left ?? (calls.length > 0 ? '' : text), calls });
    expect(joined(extract(singles(text), { format })), 'a character at a time').toEqual(joined(whole));
  });
});
