import { createRequire } from "node:module";
import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import { describe } from "../../../model/error.ts";

/*
 * The only file that knows the library behind expressions (CEL, the Common Expression Language). It is loaded when the first
 * expression is compiled: a site without any does without it.
 *
 * What is left of the language has no loop and no pattern, so that an evaluation visits each part of the text at most once:
 * arithmetic, comparison, && || ! ?:, `in` a list, and the functions below. The library tries both sides of && and || before it
 * gives up, as the language demands: what is unknown on one side does not matter where the other decides.
 */

/** Parts of one expression. A longer one nobody reads without a mistake, and each evaluation visits them all at most once. */
const MOST_PARTS = 200;
const DEEPEST = 24;
const MOST_LISTED = 32;
const MOST_ARGUMENTS = 4;

const NUMBERS = ["double", "int"] as const;

/** Numbers read as one or the other kind; the language itself would refuse `lel.value * 2`. */
const MIXED: Readonly<
  Record<string, { gives: "double" | "bool"; of: (a: number, b: number) => number | boolean }>
> = {
  "+": { gives: "double", of: (a, b) => a + b },
  "-": { gives: "double", of: (a, b) => a - b },
  "*": { gives: "double", of: (a, b) => a * b },
  "/": { gives: "double", of: (a, b) => a / b },
  "==": { gives: "bool", of: (a, b) => a === b },
};

const FUNCTIONS: Readonly<Record<string, { takes: 1 | 2; of: (a: number, b: number) => number }>> = {
  abs: { takes: 1, of: Math.abs },
  sqrt: { takes: 1, of: Math.sqrt },
  exp: { takes: 1, of: Math.exp },
  ln: { takes: 1, of: Math.log },
  floor: { takes: 1, of: Math.floor },
  ceil: { takes: 1, of: Math.ceil },
  min: { takes: 2, of: Math.min },
  max: { takes: 2, of: Math.max },
  pow: { takes: 2, of: (a, b) => a ** b },
};
/** Of the library's own functions these may be called. */
const OWN_FUNCTIONS: ReadonlySet<string> = new Set(["double", "int"]);
const ALLOWED_OPERATORS: ReadonlySet<string> = new Set([
  ...["value", "id", ".", "call", "list", "in", "?:", "||", "&&", "!_", "-_"],
  ...["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"],
]);

/** What a name in an expression stands for. */
export type CelVariable =
  /** An object of this class, with these fields. */
  | { readonly type: string; readonly fields: Readonly<Record<string, CelType>>; readonly ctor: CelClass }
  | CelType;
export type CelType = "double" | "bool" | "string";
/** The class that the getters of an object's fields belong to. */
export type CelClass = abstract new (...args: never[]) => object;

/** What is wrong with an expression; `offset` counts from its beginning. */
export interface CelProblem {
  readonly message: string;
  readonly offset: number;
}

/** An expression that has passed every check. */
export interface CelProgram {
  /** The fields that it reads, as `name.field`, and the names without fields. */
  readonly reads: ReadonlySet<string>;
  /** @throws whatever a getter throws, and an Error for what the language cannot compute: a whole number divided by 0. */
  evaluate(names: Readonly<Record<string, unknown>>): boolean | number;
}

/** Compiles expressions over the same names. */
export class CelCompiler {
  readonly #environment: Environment;

  constructor(variables: Readonly<Record<string, CelVariable>>) {
    const environment = new (library().Environment)({
      homogeneousAggregateLiterals: true,
      limits: {
        maxAstNodes: MOST_PARTS,
        maxDepth: DEEPEST,
        maxListElements: MOST_LISTED,
        maxMapEntries: 0,
        maxCallArguments: MOST_ARGUMENTS,
      },
    });
    registerNumbers(environment);
    const types = new Set<string>();
    for (const [name, variable] of Object.entries(variables)) {
      if (typeof variable === "string") {
        environment.registerVariable(name, variable);
        continue;
      }
      const { type, fields, ctor } = variable;
      if (!types.has(type)) environment.registerType(type, { ctor: ctor as never, fields: { ...fields } });
      types.add(type);
      environment.registerVariable(name, type);
    }
    this.#environment = environment;
  }

  /** Compiles one expression that must give a truth value or a number. */
  compile(text: string, gives: "bool" | "number"): CelProgram | CelProblem {
    let parsed: ReturnType<Environment["parse"]>;
    try {
      parsed = this.#environment.parse(text);
    } catch (thrown) {
      return problemOf(thrown);
    }
    const reads = new Set<string>();
    const refused = look(parsed.ast, reads);
    if (refused !== undefined) return refused;
    const checked = parsed.check();
    if (!checked.valid) return problemOf(checked.error);
    const wanted: readonly string[] = gives === "bool" ? ["bool"] : NUMBERS;
    if (!wanted.includes(String(checked.type))) {
      return {
        message: `it gives ${String(checked.type)}, where ${gives === "bool" ? "true or false" : "a number"} is wanted`,
        offset: 0,
      };
    }
    return {
      reads,
      evaluate: (names) => {
        const result: unknown = parsed(names as Record<string, unknown>);
        return typeof result === "bigint" ? Number(result) : (result as boolean | number);
      },
    };
  }
}

/** Whether compiling gave a problem. */
export function isProblem(compiled: CelProgram | CelProblem): compiled is CelProblem {
  return "offset" in compiled;
}

function registerNumbers(environment: Environment): void {
  for (const [sign, { gives, of }] of Object.entries(MIXED)) {
    for (const [left, right] of [
      ["double", "int"],
      ["int", "double"],
    ]) {
      // Equality is the same both ways, and declared with the first.
      if (sign === "==" && left === "int") continue;
      environment.registerOperator(`${left} ${sign} ${right}: ${gives}`, (a: unknown, b: unknown) =>
        of(Number(a), Number(b)),
      );
    }
  }
  for (const [name, { takes, of }] of Object.entries(FUNCTIONS)) {
    const kinds =
      takes === 1 ? NUMBERS.map((kind) => [kind]) : NUMBERS.flatMap((a) => NUMBERS.map((b) => [a, b]));
    for (const kind of kinds) {
      environment.registerFunction(`${name}(${kind.join(", ")}): double`, (a: unknown, b: unknown) =>
        of(Number(a), Number(b)),
      );
    }
  }
}

/** What is not allowed in an expression; notes what it reads. */
function look(node: ASTNode, reads: Set<string>): CelProblem | undefined {
  const { op, start: offset } = node;
  if (!ALLOWED_OPERATORS.has(op)) {
    const name = op === "rcall" ? `.${String((node.args as unknown[])[0])}()` : op;
    return { message: `${name} is not allowed here`, offset };
  }
  if (op === "id") reads.add(String(node.args));
  if (op === ".") {
    const [object, field] = node.args as [ASTNode, string];
    if (object.op !== "id") return { message: "only a name has fields", offset };
    reads.add(`${String(object.args)}.${field}`);
    return undefined;
  }
  if (op === "call") {
    const [name] = node.args as [string, ASTNode[]];
    if (!Object.hasOwn(FUNCTIONS, name) && !OWN_FUNCTIONS.has(name)) {
      const known = [...Object.keys(FUNCTIONS), ...OWN_FUNCTIONS].join(", ");
      return { message: `${name}() is not allowed here; there are ${known}`, offset };
    }
  }
  for (const part of partsOf(node)) {
    const refused = look(part, reads);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function partsOf({ op, args }: ASTNode): ASTNode[] {
  if (op === "value" || op === "id") return [];
  if (op === "call") return (args as [string, ASTNode[]])[1];
  return Array.isArray(args) ? (args as ASTNode[]) : [args as ASTNode];
}

/** The first line of what the library says, and where. */
function problemOf(thrown: unknown): CelProblem {
  const [said = ""] = describe(thrown).split("\n");
  const message = said
    .replace(/^No such key: (\w+)$/, "there is no field “$1”")
    .replace(/^Unexpected token: EOF$/, "it ends too early");
  const { range } = (thrown ?? {}) as { range?: { start?: unknown } };
  return { message, offset: typeof range?.start === "number" ? range.start : 0 };
}

let loaded: typeof import("@marcbachmann/cel-js") | undefined;

function library(): typeof import("@marcbachmann/cel-js") {
  loaded ??= createRequire(import.meta.url)("@marcbachmann/cel-js") as typeof import("@marcbachmann/cel-js");
  return loaded;
}
