import {
  addDependencies,
  create,
  divideDependencies,
  evaluateDependencies,
  modDependencies,
  multiplyDependencies,
  powDependencies,
  roundDependencies,
  sqrtDependencies,
  subtractDependencies,
  unaryMinusDependencies,
} from 'mathjs/number';

// Only what arithmetic needs is in reach of an expression: no matrices (they can be huge), no units, no strings.
const math = create({
  ...evaluateDependencies,
  ...addDependencies,
  ...subtractDependencies,
  ...multiplyDependencies,
  ...divideDependencies,
  ...modDependencies,
  ...powDependencies,
  ...roundDependencies,
  ...sqrtDependencies,
  ...unaryMinusDependencies,
});

const evaluate = math.evaluate;

// And these, which could change the library or parse further text, are taken away from expressions.
// https://mathjs.org/docs/expressions/security.html
const forbidden = ['import', 'create', 'config', 'createUnit', 'evaluate', 'parse', 'simplify', 'derivative', 'resolve', 'reviver'];
math.import(
  Object.fromEntries(
    forbidden.map((name) => [
      name,
      () => {
        throw new Error(`${name} is not available here.`);
      },
    ]),
  ),
  { override: true },
);

/** The value of an arithmetic expression. Throws where it is none, or has no finite value. */
export function calculate(expression: string): number {
  const value: unknown = evaluate(expression);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Error(`Expected an arithmetic expression with a finite value, e.g. 15 + 27; got ${JSON.stringify(expression)}.`);
}
