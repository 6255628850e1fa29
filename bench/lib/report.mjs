// What a run says on the screen while it goes on.
import { goalText, mark, shown } from './goals.mjs';

/** A case: its goals, then each contestant's figures. */
export function report({ id, goals }, found) {
  const lines = [`${id}   goal ${goals.map(goalText).join(' · ')}`];
  for (const [name, figures] of Object.entries(found)) lines.push(`  ${name.padEnd(26)} ${figures.out ?? line(goals, figures, name)}`);
  return lines.join('\n');
}

function line(goals, figures, name) {
  const parts = goals.map(
    (goal) => `${shown(goal.key, figures[goal.key]).padStart(10)}${name === 'toolstream' ? ` ${mark(goal, figures)}` : ''}`,
  );
  if (figures.cpuMs !== undefined) parts.push(`CPU ${figures.cpuMs} ms`);
  if (figures.wallMs !== undefined) parts.push(`wall ${figures.wallMs} ms`);
  return parts.join('   ');
}
