import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLParseError,
  type YAMLSeq,
} from "yaml";
import type { Text } from "../../model/text.ts";
import { place, placeEntry, type Tree } from "./located.ts";
import type { Problems } from "./problem.ts";
import type { SourceText, Spot } from "./source.ts";
import { KEY_NOT_ALLOWED } from "./texts/structure.ts";
import * as texts from "./texts/yaml.ts";

/** Values that aliases may bring, against anchors that multiply ("billion laughs"). The file itself is bounded in bytes. */
const MOST_ALIASED = 100_000;
const DEEPEST = 64;

/**
 * Parses one YAML 1.2 file to plain values, with the place of each remembered (located.ts). Anchors, aliases and the merge
 * key `<<` are followed. All syntax errors are reported; undefined when there were any, or nothing is in the file.
 */
export function parseYaml(source: SourceText, problems: Problems): unknown {
  const doc: Document.Parsed = parseDocument(source.text, {
    version: "1.2",
    schema: "core",
    uniqueKeys: true,
    prettyErrors: false,
    strict: true,
    logLevel: "error",
  });
  reportFaults(doc.errors, source, problems);
  if (doc.errors.length > 0) return undefined;
  if (doc.contents === null) return undefined;
  return new Walk(source, problems).run(doc.contents);
}

/** One slip often makes everything behind it unreadable: what follows from it would only hide it. */
const MOST_FAULTS = 5;

/** The first faults, one a line, and that there are more. */
function reportFaults(faults: readonly YAMLParseError[], source: SourceText, problems: Problems): void {
  const lines = new Set<number>();
  for (const fault of faults) {
    const { line } = source.position(fault.pos[0]);
    if (lines.has(line)) continue;
    lines.add(line);
    const spot = { source, offset: fault.pos[0] };
    if (lines.size > MOST_FAULTS) {
      problems.at(spot, {
        code: "CONFIG_SYNTAX",
        message: texts.MORE_FAULTS,
      });
      return;
    }
    problems.at(spot, {
      code: "CONFIG_SYNTAX",
      message: wording(fault.code, fault.message),
      hint: hintFor(fault, source),
    });
  }
}

function wording(code: string, message: string): Text {
  return texts.FAULTS[code] ?? texts.notYaml(code, `${message.charAt(0).toLowerCase()}${message.slice(1)}`);
}

function hintFor({ code, message, pos }: YAMLParseError, source: SourceText): Text | undefined {
  const line = source.line(source.position(pos[0]).line);
  if (/[{,][^"']*\$\{/.test(line)) return texts.COLUMN_IN_QUOTES;
  // The parser speaks of indentation where a bracket was forgotten.
  if (/^Flow /.test(message)) return texts.OPEN_BRACKET;
  return texts.REMEDIES[code];
}

/** One walk over a document in its order, so that an alias means the latest anchor of its name above it. */
class Walk {
  readonly #source: SourceText;
  readonly #problems: Problems;
  /** Anchored nodes that are being walked: an alias to one of them would never end. */
  readonly #open = new Set<Node>();
  readonly #anchors = new Map<string, Node>();
  #aliased = 0;
  /** How many aliases the present node is inside of. */
  #inAliases = 0;
  #failed = false;

  constructor(source: SourceText, problems: Problems) {
    this.#source = source;
    this.#problems = problems;
  }

  run(contents: Node): unknown {
    const value = this.#value(contents, 0);
    return this.#failed ? undefined : value;
  }

  #spot(node: Node | null): Spot {
    return { source: this.#source, offset: node?.range?.[0] ?? 0 };
  }

  #fail(node: Node | null, message: Text, hint?: Text): undefined {
    this.#failed = true;
    this.#problems.at(this.#spot(node), { code: "CONFIG_SYNTAX", message, hint });
  }

  #value(node: Node | null, depth: number): unknown {
    if (node === null || this.#failed) return null;
    if (this.#inAliases > 0 && ++this.#aliased > MOST_ALIASED) {
      return this.#fail(node, texts.tooManyAliased(MOST_ALIASED));
    }
    if (depth > DEEPEST) return this.#fail(node, texts.tooDeep(DEEPEST));
    if (isAlias(node)) return this.#alias(node, depth);
    if ((isScalar(node) || isMap(node) || isSeq(node)) && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node);
    }
    if (isScalar(node)) return node.value;
    if (this.#open.has(node)) return this.#fail(node, texts.ANCHOR_IN_ITSELF);
    this.#open.add(node);
    const value = isMap(node) ? this.#map(node, depth) : isSeq(node) ? this.#list(node, depth) : null;
    this.#open.delete(node);
    return value;
  }

  #alias(alias: Alias, depth: number): unknown {
    const target = this.#anchors.get(alias.source);
    if (target === undefined) return this.#fail(alias, texts.noAnchor(alias.source));
    if (this.#open.has(target)) return this.#fail(alias, texts.ALIAS_IN_ITSELF);
    this.#inAliases++;
    const value = this.#value(target, depth);
    this.#inAliases--;
    return value;
  }

  #list(node: YAMLSeq, depth: number): unknown[] {
    const list: unknown[] = [];
    place(list, this.#spot(node));
    for (const [i, item] of node.items.entries()) {
      const child = item as Node | null;
      const spot = this.#spot(child);
      list.push(this.#value(child, depth + 1));
      placeEntry(list, i, { key: spot, value: spot, ...written(child) });
    }
    return list;
  }

  #map(node: YAMLMap, depth: number): Tree {
    const map: Tree = {};
    place(map, this.#spot(node));
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      const key = pair.key as Node | null;
      const value = pair.value as Node | null;
      if (!isScalar(key) || key.value === null) {
        this.#fail(key ?? node, texts.KEY_NOT_A_WORD);
        continue;
      }
      // The key as it is written: 007 stays "007".
      const name = key.type === "PLAIN" ? (key.source ?? String(key.value)) : String(key.value);
      if (name === "<<" && key.type === "PLAIN") {
        this.#merge(map, { key, value }, depth);
        continue;
      }
      if (name === "__proto__") {
        this.#fail(key, KEY_NOT_ALLOWED);
        continue;
      }
      map[name] = this.#value(value, depth + 1);
      const spot = this.#spot(key);
      placeEntry(map, name, {
        key: spot,
        value: value?.range == null || value.range[0] === value.range[1] ? spot : this.#spot(value),
        ...written(value),
      });
    }
    return map;
  }

  /** `<<: *anchor` or `<<: [*a, *b]`: their entries, where the map has none of its own. */
  #merge(map: Tree, pair: { key: Node; value: Node | null }, depth: number): void {
    const sources = isSeq(pair.value) ? (pair.value.items as (Node | null)[]) : [pair.value];
    for (const node of sources) {
      const target = isAlias(node) ? this.#anchors.get(node.source) : node;
      if (!isMap(target)) {
        this.#fail(pair.key, texts.MERGES_MAPS_ONLY, texts.WRITE_MERGE);
        return;
      }
      const merged = this.#value(node, depth + 1);
      if (this.#failed) return;
      for (const [name, value] of Object.entries(merged as Tree)) {
        if (Object.hasOwn(map, name)) continue;
        map[name] = value;
        placeEntry(map, name, { key: this.#spot(pair.key), value: this.#spot(node) });
      }
    }
  }
}

function written(node: Node | null): { written?: string } {
  return isScalar(node) && node.source !== undefined ? { written: node.source } : {};
}
