/**
 * Lines that are in no journal and wait in memory for the sink, up to a bound: the oldest give way to the newest, and are counted.
 */
export class PassingLines {
  readonly #most: number;
  #lines: string[] = [];
  #dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** How many gave way, or were given up, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  push(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length <= this.#most) return;
    this.#lines.shift();
    this.#dropped++;
  }

  /** Those that wait now, oldest first. */
  waiting(): readonly string[] {
    return [...this.#lines];
  }

  /** The sink has these. */
  sent(lines: readonly string[]): void {
    const gone = new Set(lines);
    this.#lines = this.#lines.filter((line) => !gone.has(line));
  }

  /** The sink refuses these for good. */
  giveUp(lines: readonly string[]): void {
    const before = this.#lines.length;
    this.sent(lines);
    this.#dropped += before - this.#lines.length;
  }
}
