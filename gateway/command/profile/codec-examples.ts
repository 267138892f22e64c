import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { CodecInput, CodecOutcome } from "../../../drivers/lorawan/codec-messages.ts";
import { Codecs } from "../../../drivers/lorawan/codecs.ts";
import type { LocatedProblem } from "../../../drivers/profile-store.ts";
import { describe } from "../../../model/error.ts";
import { SystemClock } from "../../../model/time.ts";

/*
 * Examples of a codec, as the repository of The Things Network keeps them beside it: `D-codec.yaml` names the codec's file and says
 * what it must make of some uplinks.
 */

const exampleSchema = z.looseObject({
  description: z.string().optional(),
  input: z.looseObject({
    fPort: z.number().int().min(0).max(255).default(1),
    bytes: z.array(z.number().int().min(0).max(255)),
    recvTime: z.union([z.string(), z.number()]).optional(),
  }),
  output: z.looseObject({
    data: z.unknown().optional(),
    errors: z.array(z.unknown()).optional(),
    warnings: z.array(z.unknown()).optional(),
  }),
});

const sheetSchema = z.looseObject({
  uplinkDecoder: z.looseObject({ fileName: z.string().min(1), examples: z.array(exampleSchema).default([]) }),
});
type Example = z.output<typeof exampleSchema>;

/** How many examples agreed, and where the others differ. */
export interface CheckedExamples {
  readonly file: string;
  readonly count: number;
  readonly problems: readonly LocatedProblem[];
}

/** A codec may take longer here than in a gateway: nobody waits. */
const BOUNDS = { deadline: 1_000, memoryBytes: 32 * 2 ** 20, output: 1_000_000 };
/** An uplink without a time of its own was heard then: the same in every run. */
const HEARD = Date.UTC(2026, 0, 1);
const MOST_EXAMPLES = 1_000;
const MOST_DIFFERENCES = 20;
const STAY_AWAKE_MS = 60_000;

/** Files with examples of this codec, in its folder. */
export function examplesBeside(codec: string): string[] {
  const folder = dirname(codec);
  return readdirSync(folder)
    .filter((name) => /-codec\.ya?ml$/.test(name))
    .map((name) => join(folder, name))
    .filter((file) => {
      const parsed = sheetSchema.safeParse(contents(file));
      return parsed.success && parsed.data.uplinkDecoder.fileName === basename(codec);
    })
    .sort();
}

/** What stands in a file; undefined for what is no YAML: it belongs to no codec that we know. */
function contents(file: string): unknown {
  try {
    return read(file).toJS();
  } catch {
    return undefined;
  }
}

function read(file: string, lines?: LineCounter) {
  return parseDocument(readFileSync(file, "utf8"), {
    prettyErrors: false,
    ...(lines === undefined ? {} : { lineCounter: lines }),
  });
}

/** Runs the examples of one file through their codec, in the sandbox that a gateway has. Every difference is a problem at its example. */
export async function checkExamples(file: string): Promise<CheckedExamples> {
  const lines = new LineCounter();
  let document: ReturnType<typeof read>;
  try {
    document = read(file, lines);
  } catch (error) {
    return {
      file,
      count: 0,
      problems: [{ file, line: 1, column: 1, message: `the file cannot be read: ${describe(error)}` }],
    };
  }
  const at = (path: readonly (string | number)[]) => {
    const node = document.getIn(path, true) as { range?: readonly number[] } | undefined;
    const { line, col } = lines.linePos(node?.range?.[0] ?? 0);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const parsed = sheetSchema.safeParse(document.errors.length > 0 ? undefined : document.toJS());
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const path = issue.path.filter((step) => typeof step !== "symbol");
      return { ...at(path), message: `${path.join(".")}: ${issue.message}`.replace(/^: /, "") };
    });
    return { file, count: 0, problems };
  }
  const { fileName, examples } = parsed.data.uplinkDecoder;
  const codec = join(dirname(file), fileName);
  const codecs = new Codecs({
    files: [codec],
    bounds: BOUNDS,
    waiting: MOST_EXAMPLES,
    clock: new SystemClock(),
    onRestart: () => {},
    onParked: () => {},
    onHealth: () => {},
  });
  codecs.start();
  // The thread of the codecs keeps no process alive, and nothing else is under way.
  const awake = setInterval(() => {}, STAY_AWAKE_MS);
  const problems: LocatedProblem[] = [];
  try {
    for (const [index, example] of examples.slice(0, MOST_EXAMPLES).entries()) {
      const outcome = await new Promise<CodecOutcome>((resolve) =>
        codecs.decode(0, { input: JSON.stringify(inputOf(example)), device: 0 }, resolve),
      );
      const name = example.description ?? `example ${index + 1}`;
      for (const difference of compared(outcome, example))
        problems.push({ ...at(["uplinkDecoder", "examples", index]), message: `${name}: ${difference}` });
    }
  } finally {
    clearInterval(awake);
    await codecs.stop();
  }
  return { file, count: Math.min(examples.length, MOST_EXAMPLES), problems };
}

function inputOf({ input }: Example): CodecInput {
  const time = input.recvTime === undefined ? Number.NaN : new Date(input.recvTime).getTime();
  return { bytes: input.bytes, fPort: input.fPort, recvTime: Number.isNaN(time) ? HEARD : time };
}

const answerSchema = z.looseObject({ data: z.unknown().optional(), errors: z.array(z.unknown()).optional() });

/** Where what the codec gave is not what the example says. */
function compared(outcome: CodecOutcome, { output }: Example): string[] {
  if ("fault" in outcome) return [`the codec failed (${outcome.fault}): ${outcome.words}`];
  const answer = answerSchema.safeParse(parse(outcome.json));
  if (!answer.success) return ["the codec returned no object"];
  const errors = answer.data.errors ?? [];
  const wanted = (output.errors ?? []).length > 0;
  if (wanted) return errors.length > 0 ? [] : ["the codec should refuse it, and did not"];
  if (errors.length > 0) return [`the codec refuses it: ${errors.map(String).join("; ")}`];
  return differences(output.data, answer.data.data, "data").slice(0, MOST_DIFFERENCES);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    return describe(error);
  }
}

/** Field by field, so that a person sees which. */
function differences(wanted: unknown, found: unknown, path: string): string[] {
  // What JSON cannot say (undefined) is not there on either side.
  if (isDeepStrictEqual(wanted, found)) return [];
  if (isFields(wanted) && isFields(found)) {
    const keys = new Set([...Object.keys(wanted), ...Object.keys(found)]);
    return [...keys].flatMap((key) => differences(wanted[key], found[key], `${path}.${key}`));
  }
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length === found.length)
    return wanted.flatMap((value, index) => differences(value, found[index], `${path}[${index}]`));
  return [`${path}: ${shown(found)}, and the example says ${shown(wanted)}`];
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
