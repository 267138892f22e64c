/*
 * MQTT topic names and filters (MQTT 3.1.1 and 5.0, section 4.7). Imports nothing, so that options schemas may use it.
 */

/** All of Tocsin's own topics begin with this level; only the gateway publishes there, commands excepted. */
export const TOCSIN_LEVEL = "tocsin";

/** Topic of 普适型 geohazard instruments (CIGEM): begins with `$` and is theirs all the same. */
export const CIGEM_TOPIC = "$dp";

/** Whether a topic is the broker's own (section 4.7.2). */
export function isBrokersOwn(topic: string): boolean {
  return topic.startsWith("$") && topic !== CIGEM_TOPIC;
}

/** Stands in topic patterns of profiles and devices for the name the device calls itself by. */
export const DEVICE_PLACEHOLDER = "{device}";

/** Longest topic the protocol's length field can carry, in bytes (section 1.5.3). */
export const TOPIC_BYTES_MAX = 65_535;

/** Why a text cannot be a topic name (what one publishes to), or undefined when it can. */
export function topicProblem(topic: string): string | undefined {
  if (topic.includes("+") || topic.includes("#")) return "a topic to publish to has no + and no #";
  return commonProblem(topic);
}

/** Why a text cannot be a topic filter (what one subscribes to), or undefined when it can. */
export function filterProblem(filter: string): string | undefined {
  const levels = filter.split("/");
  for (const [index, level] of levels.entries()) {
    if (level.includes("#") && (level !== "#" || index !== levels.length - 1)) {
      return "# stands alone, in the last level only";
    }
    if (level.includes("+") && level !== "+") return "+ stands alone in its level";
  }
  return commonProblem(filter);
}

function commonProblem(text: string): string | undefined {
  if (text.length === 0) return "a topic has at least one character";
  if (text.includes("\u0000")) return "a topic has no NUL character";
  if (text.length > TOPIC_BYTES_MAX) return `a topic has at most ${TOPIC_BYTES_MAX} bytes`;
  return undefined;
}

/** Whether a filter has wildcards. */
export function isWildcard(filter: string): boolean {
  return filter.includes("+") || filter.endsWith("#");
}

/** Whether `filter` matches `topic`. A filter that begins with a wildcard matches no topic that begins with `$` (4.7.2). */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith("$") && !filter.startsWith("$")) return false;
  if (filter === topic) return true;
  if (!isWildcard(filter)) return false;
  const pattern = filter.split("/");
  const levels = topic.split("/");
  for (let i = 0; i < pattern.length; i++) {
    const level = pattern[i];
    // "sport/#" also matches "sport" itself (4.7.1.2).
    if (level === "#") return levels.length >= i;
    if (i >= levels.length) return false;
    if (level !== "+" && level !== levels[i]) return false;
  }
  return pattern.length === levels.length;
}

/** Whether every topic that `inner` matches is matched by `outer` too: what a subscription may ask for. */
export function covers(outer: string, inner: string): boolean {
  if (inner.startsWith("$") && !outer.startsWith("$")) return false;
  const wide = outer.split("/");
  const narrow = inner.split("/");
  for (let i = 0; i < wide.length; i++) {
    const level = wide[i];
    if (level === "#") return narrow.length >= i;
    const asked = narrow[i];
    if (asked === undefined || asked === "#") return false;
    if (level !== "+" && level !== asked) return false;
  }
  return wide.length === narrow.length;
}

/** Whether some topic is matched by both filters. */
export function overlap(one: string, other: string): boolean {
  const a = one.split("/");
  const b = other.split("/");
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    // "sport/#" also matches "sport" itself.
    if (a[i] === "#" || b[i] === "#") return true;
    if (a[i] === undefined || b[i] === undefined) return false;
    if (a[i] !== b[i] && a[i] !== "+" && b[i] !== "+") return false;
  }
  return true;
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  /** Values of filters that end here. */
  readonly here: T[];
  /** Values of filters that end here with `#`. */
  readonly below: T[];
}

function node<T>(): Node<T> {
  return { children: new Map(), here: [], below: [] };
}

/** Filters with values, searched by topic in time that depends on the topic's levels and not on the number of filters. */
export class TopicTree<T> {
  readonly #root: Node<T> = node();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(filter: string, value: T): void {
    this.#values(filter).push(value);
    this.#size++;
  }

  /** Removes one value of a filter; empty branches go with it. */
  remove(filter: string, value: T): boolean {
    const path: { parent: Node<T>; level: string }[] = [];
    let at = this.#root;
    const levels = filter.split("/");
    const tail = levels.at(-1) === "#";
    if (tail) levels.pop();
    for (const level of levels) {
      const next = at.children.get(level);
      if (next === undefined) return false;
      path.push({ parent: at, level });
      at = next;
    }
    const values = tail ? at.below : at.here;
    const index = values.indexOf(value);
    if (index < 0) return false;
    values.splice(index, 1);
    this.#size--;
    for (const { parent, level } of path.reverse()) {
      const child = parent.children.get(level)!;
      if (child.children.size > 0 || child.here.length > 0 || child.below.length > 0) break;
      parent.children.delete(level);
    }
    return true;
  }

  /** The values of all filters that match, in no particular order. */
  match(topic: string): T[] {
    const found: T[] = [];
    if (this.#size === 0) return found;
    collect(this.#root, topic.split("/"), 0, found);
    return found;
  }

  #values(filter: string): T[] {
    let at = this.#root;
    for (const level of filter.split("/")) {
      if (level === "#") return at.below;
      let next = at.children.get(level);
      if (next === undefined) {
        next = node();
        at.children.set(level, next);
      }
      at = next;
    }
    return at.here;
  }
}

function collect<T>(at: Node<T>, levels: readonly string[], index: number, found: T[]): void {
  // Wildcards in the first level do not reach topics of the broker itself (4.7.2).
  const wild = index > 0 || !levels[0]!.startsWith("$");
  if (wild && at.below.length > 0) found.push(...at.below);
  if (index === levels.length) {
    found.push(...at.here);
    return;
  }
  const exact = at.children.get(levels[index]!);
  if (exact !== undefined) collect(exact, levels, index + 1, found);
  const any = wild ? at.children.get("+") : undefined;
  if (any !== undefined) collect(any, levels, index + 1, found);
}
