/** Everything a gateway counts at one moment, by name without `tocsin_` and `_total`; labels are added up. */
export class Metrics {
  readonly #values: ReadonlyMap<string, number>;

  private constructor(values: ReadonlyMap<string, number>) {
    this.#values = values;
  }

  /** Asks a gateway's HTTP interface. @throws {Error} when it does not answer. */
  static async of(http: string): Promise<Metrics> {
    const response = await fetch(`http://${http}/metrics`);
    if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
    return Metrics.parse(await response.text());
  }

  /** Reads Prometheus' text form. */
  static parse(text: string): Metrics {
    const values = new Map<string, number>();
    for (const line of text.split("\n")) {
      const found = /^tocsin_([a-z0-9_]+?)(?:_total)?(?:\{[^}]*\})? (\S+)/.exec(line);
      if (found === null) continue;
      values.set(found[1]!, (values.get(found[1]!) ?? 0) + Number(found[2]));
    }
    return new Metrics(values);
  }

  /** A counter or gauge; 0 where the gateway does not have it. */
  get(name: string): number {
    return this.#values.get(name) ?? 0;
  }
}
