/** In milliseconds; longer waits overflow the timer of every runtime, which then fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
