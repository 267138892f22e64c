/** Sources remembered, so that each is told once. */
const MOST = 1_000;

/** Devices that speak to us and that the site does not have: each is told once, all are counted. */
export class Strangers {
  readonly #sources = new Set<number>();

  /** Whether this one has not been told of. Beyond the bound nobody is news. */
  isNews(source: number): boolean {
    if (this.#sources.size >= MOST || this.#sources.has(source)) return false;
    this.#sources.add(source);
    return true;
  }
}
