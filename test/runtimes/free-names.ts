import ts from 'typescript';

const FILE = '/module.js';

/** The names a module uses and does not declare, sorted: what it expects of the runtime. Those it reads off `globalThis` are among them. */
export function freeNames(code: string): string[] {
  const source = ts.createSourceFile(FILE, code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost({}),
    fileExists: (name) => name === FILE,
    getSourceFile: (name) => (name === FILE ? source : undefined),
  };
  // Without any library no name is known but the module's own.
  const checker = ts.createProgram([FILE], { allowJs: true, noLib: true, noResolve: true, types: [] }, host).getTypeChecker();
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && isFree(node, checker)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...names].sort();
}

function isFree(node: ts.Identifier, checker: ts.TypeChecker): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return parent.expression.getText() === 'globalThis';
  const isName = 'name' in parent && parent.name === node && !ts.isShorthandPropertyAssignment(parent);
  const isLabel = ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent);
  // What other modules call their exports, and how a pattern names what it takes apart.
  const isElsewhere = (ts.isImportSpecifier(parent) || ts.isBindingElement(parent)) && parent.propertyName === node;
  if (isName || isLabel || isElsewhere || node.text === 'globalThis') return false;
  const symbol = ts.isShorthandPropertyAssignment(parent)
    ? checker.getShorthandAssignmentValueSymbol(parent)
    : checker.getSymbolAtLocation(node);
  return symbol?.declarations === undefined && node.text !== 'undefined' && node.text !== 'arguments';
}
