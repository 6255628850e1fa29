/** A bounded number of places, given out first come, first served. */
export class Slots<T> {
  private waiting: T[] = [];
  private used = 0;
  private pumping = false;
  private readonly count: number;
  private readonly start: (item: T) => void;

  constructor(count: number, start: (item: T) => void) {
    this.count = count;
    this.start = start;
  }

  /** Starts the item now, or when a place becomes free. */
  add(item: T): void {
    this.waiting.push(item);
    this.pump();
  }

  /** Gives back the place of an item that was started. */
  free(): void {
    this.used--;
    this.pump();
  }

  /** Takes items that still wait out of the line. */
  drop(which: (item: T) => boolean): void {
    this.waiting = this.waiting.filter((item) => !which(item));
  }

  /** A loop, not a recursion: a thousand items that are over at once must not deepen the stack. */
  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    while (this.used < this.count) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      this.used++;
      this.start(next);
    }
    this.pumping = false;
  }
}
