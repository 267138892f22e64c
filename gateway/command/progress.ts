/** Cells of the bar. */
const WIDTH = 30;
/** Between two drawings. */
const EVERY_MS = 100;

/** A bar on a terminal, on standard error; nothing at all elsewhere. */
export class ProgressBar {
  readonly #stream: NodeJS.WriteStream;
  readonly #began = performance.now();
  #next = 0;
  #drawn = false;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** `done`: 0 to 1; `count`: how many readings so far. */
  show(done: number, count: number): void {
    const now = performance.now();
    if (this.#stream.isTTY !== true || now < this.#next) return;
    this.#next = now + EVERY_MS;
    this.#drawn = true;
    const full = Math.round(Math.min(1, done) * WIDTH);
    const bar = "█".repeat(full) + "░".repeat(WIDTH - full);
    const rate = Math.round(count / Math.max(1e-3, (now - this.#began) / 1_000));
    this.#stream.write(`\r${bar} ${Math.floor(done * 100)} % ${count} readings, ${rate}/s\u001b[K`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#drawn) this.#stream.write("\r\u001b[K");
    this.#drawn = false;
  }
}
