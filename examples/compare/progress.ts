import { Presets, SingleBar } from 'cli-progress';

/** Says how far a run is. */
export interface Progress {
  step(): void;
  stop(): void;
}

/** A bar where there is a terminal, else a line for each quarter. On stderr: stdout is for the result. */
export function progressOf(name: string, total: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? bar(name, total, stream) : lines(name, total, stream);
}

function bar(name: string, total: number, stream: NodeJS.WriteStream): Progress {
  const format = '{name} {bar} {value}/{total} · {duration_formatted} · ETA {eta_formatted}';
  const drawn = new SingleBar({ format, stream, hideCursor: true, stopOnComplete: false }, Presets.shades_classic);
  drawn.start(total, 0, { name });
  return { step: () => drawn.increment(), stop: () => drawn.stop() };
}

function lines(name: string, total: number, stream: NodeJS.WriteStream): Progress {
  let done = 0;
  const quarter = Math.ceil(total / 4);
  return {
    step: () => {
      done += 1;
      if (done % quarter === 0 || done === total) stream.write(`${name}: ${done}/${total}\n`);
    },
    stop: () => {},
  };
}
