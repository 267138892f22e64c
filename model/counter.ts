/** A number that only grows. Whatever is dropped, refused, late or repeated ends in one. */
export interface Counter {
  add(n?: number): void;
  readonly total: number;
}

export interface CounterName {
  /** Prometheus name without prefix or `_total`: `modbus_requests`. */
  name: string;
  help: string;
  labels?: Readonly<Record<string, string>>;
}

/** Where modules get their counters; the same name and labels give the same counter. */
export interface Counters {
  counter(name: CounterName): Counter;
}

class PlainCounter implements Counter {
  total = 0;
  add(n = 1): void {
    this.total += n;
  }
}

/** Keeps counters in memory, in order of creation. The gateway renders them; tests read them. */
export class CounterRegistry implements Counters {
  readonly #counters = new Map<string, { name: CounterName; counter: PlainCounter }>();

  counter(name: CounterName): Counter {
    const key = `${name.name}${JSON.stringify(name.labels ?? {})}`;
    const known = this.#counters.get(key);
    if (known !== undefined) return known.counter;
    const counter = new PlainCounter();
    this.#counters.set(key, { name, counter });
    return counter;
  }

  *[Symbol.iterator](): IterableIterator<{ name: CounterName; total: number }> {
    for (const { name, counter } of this.#counters.values()) yield { name, total: counter.total };
  }
}
