import { concatMap, defer, finalize, from, fromEvent, lastValueFrom, takeUntil, tap } from 'rxjs';
import { LatencyMonitor } from 'toolstream';
import { HELP, readArguments, type Settings, UsageError } from './arguments.ts';
import { benchmark } from './benchmark.ts';
import { startEmbedded } from './embedded.ts';
import { readPrices, readTargets, type Target } from './files.ts';
import { asJson, asText } from './output.ts';
import { progressOf } from './progress.ts';

async function main(): Promise<number> {
  const settings = readArguments(process.argv.slice(2));
  if (settings === undefined) {
    console.log(HELP);
    return 0;
  }
  if (settings.endpointsFile !== undefined) return compare(readTargets(settings.endpointsFile), settings);
  const embedded = await startEmbedded();
  try {
    return await compare(embedded.targets, settings);
  } finally {
    await embedded.stop();
  }
}

/** One endpoint after the other, so that none slows another. An interrupt ends the run and prints what there is. */
async function compare(targets: readonly Target[], settings: Settings): Promise<number> {
  const monitor = monitorOf(targets, settings);
  const run$ = from(targets).pipe(
    concatMap((target) =>
      defer(() => {
        const progress = progressOf(target.name, settings.requests);
        return benchmark(target, settings, monitor).pipe(
          tap(() => progress.step()),
          finalize(() => progress.stop()),
        );
      }),
    ),
    takeUntil(fromEvent(process, 'SIGINT')),
  );
  await lastValueFrom(run$, { defaultValue: undefined });
  const summaries = monitor.summaries();
  process.stdout.write(settings.json ? asJson(summaries, settings) : asText(summaries, settings));
  return summaries.some(({ succeeded }) => succeeded > 0) ? 0 : 1;
}

function monitorOf(targets: readonly Target[], settings: Settings): LatencyMonitor {
  try {
    return new LatencyMonitor({ prices: readPrices(settings.pricesFile, targets) });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const mistake = error instanceof UsageError;
    console.error(mistake ? `${error.message}\nTry --help.` : error);
    process.exitCode = mistake ? 2 : 1;
  },
);
