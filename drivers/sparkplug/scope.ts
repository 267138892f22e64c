import type { SparkplugDevice, Target } from "./instrument.ts";

/** Metrics of a node or a device that a birth has announced and a channel may want. */
export interface Definition {
  readonly name: string;
  readonly dataType: number;
  readonly targets: readonly Target[];
  /** Something within it (a member, a column) is wanted. */
  readonly nested: boolean;
}

const NO_TARGETS: readonly Target[] = [];

/** A node itself, or one device behind it: what the site wants of it, and what its birth has announced. */
export class Scope {
  /** Undefined: the node itself. */
  readonly device: string | undefined;
  readonly instruments: SparkplugDevice[] = [];
  /** All that is wanted. */
  readonly targets: Target[] = [];
  /** It was born in the present session of its node, and has not died. */
  alive = false;
  /** What was last said of its devices' health; undefined: nothing yet. */
  up: boolean | undefined;
  /** Stands for all metrics nobody wants. */
  readonly unwanted: Definition;
  readonly #wanted = new Map<string, Target[]>();
  /** Names of which something is wanted that lies within. */
  readonly #outer = new Set<string>();
  readonly #defined = new Map<string, Definition>();
  /** Undefined: given to two metrics, so that nobody can tell whose value it is. */
  readonly #aliases = new Map<number | bigint, Definition | undefined>();

  constructor(device: string | undefined) {
    this.device = device;
    this.unwanted = this.#definition("", 0);
  }

  add(instrument: SparkplugDevice, targets: readonly Target[]): void {
    this.instruments.push(instrument);
    for (const target of targets) {
      this.targets.push(target);
      const known = this.#wanted.get(target.metric);
      if (known === undefined) this.#wanted.set(target.metric, [target]);
      else known.push(target);
      for (let at = target.metric.indexOf("/"); at >= 0; at = target.metric.indexOf("/", at + 1)) {
        this.#outer.add(target.metric.slice(0, at));
      }
    }
  }

  /** Takes in a metric of a birth. */
  define(name: string, dataType: number): Definition {
    if (!this.#wanted.has(name) && !this.#outer.has(name)) return this.unwanted;
    const definition = this.#definition(name, dataType);
    this.#defined.set(name, definition);
    return definition;
  }

  /**
   * Takes in an alias of a birth; false when another metric has it already. The specification wants it unique within the whole
   * node; unique within the device is enough, because the topic names the device, and that is what many nodes do.
   */
  alias(alias: number | bigint, definition: Definition): boolean {
    if (!this.#aliases.has(alias)) {
      this.#aliases.set(alias, definition);
      return true;
    }
    if (this.#aliases.get(alias) === definition) return true;
    this.#aliases.set(alias, undefined);
    return false;
  }

  /** The metric of an alias; undefined when its birth gave it to none, or to two. */
  aliased(alias: number | bigint): Definition | undefined {
    return this.#aliases.get(alias);
  }

  /** The metric of a name; one that no birth announced is taken as it says itself. */
  named(name: string, dataType: number): Definition {
    return this.#defined.get(name) ?? this.define(name, dataType);
  }

  /** What was announced is so no longer. */
  forget(): void {
    this.#defined.clear();
    this.#aliases.clear();
    for (const target of this.targets) target.born = false;
  }

  #definition(name: string, dataType: number): Definition {
    return {
      name,
      dataType,
      targets: this.#wanted.get(name) ?? NO_TARGETS,
      nested: this.#outer.has(name),
    };
  }
}
