import { type LocatedProblem, loadProfile } from "../../../drivers/profile-store.ts";
import { type Problem, problemJson, renderProblem } from "../../config/problem.ts";
import { profileProblem } from "../../config/profile-problem.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { hasColour, print, printJson } from "../output.ts";

/** One file that was looked at. */
interface Checked {
  readonly file: string;
  /** Of a profile without errors. */
  readonly id: string | undefined;
  /** Examples of its codec that were run. */
  readonly examples: number;
  readonly problems: readonly Problem[];
}

/**
 * Checks profile files, by themselves: mistakes that stop them from working, what looks wrong and may be meant, and what their codecs make
 * of the examples beside them. A file of examples may be named itself.
 */
export async function checkProfiles(files: readonly string[], options: { json: boolean }): Promise<ExitCode> {
  const checked: Checked[] = [];
  for (const file of files)
    checked.push(EXAMPLES.test(file) ? await examplesOf(file, [file]) : await profileOf(file));
  const all = checked.flatMap(({ problems }) => problems);
  const errors = all.filter(({ severity }) => severity === "error").length;
  if (options.json) {
    printJson({
      ok: errors === 0,
      profiles: checked.map(({ file, id, examples, problems }) => ({
        file,
        profile: id ?? null,
        ...(examples === 0 ? {} : { examples }),
        problems: problems.map((problem) => problemJson(problem)),
      })),
    });
  } else {
    const look = { excerpt: process.stdout.isTTY === true, colour: hasColour(process.stdout) };
    for (const problem of all) print(renderProblem(problem, look));
    for (const { file, id, examples, problems } of checked) {
      if (problems.some(({ severity }) => severity === "error")) continue;
      const run = examples === 0 ? "" : `, ${examples} codec example${examples === 1 ? "" : "s"}`;
      const look = problems.length === 0 ? "" : `, ${problems.length} to look at`;
      print(`ok: ${file}${id === undefined ? "" : `: ${id}`}${run}${look}`);
    }
    if (errors > 0) print(`${errors} error${errors === 1 ? "" : "s"} · ${errors} 处错误`);
  }
  return errors === 0 ? EXIT.ok : EXIT.configuration;
}

/** How files of examples are named beside their codec. */
const EXAMPLES = /-codec\.ya?ml$/;

async function profileOf(file: string): Promise<Checked> {
  const { profile, problems, lint } = loadProfile(file);
  const of = (severity: Problem["severity"]) => (found: LocatedProblem) => profileProblem(found, severity);
  const found = [...problems.map(of("error")), ...lint().map(of("warning"))];
  const codec = profile?.lorawan?.codec;
  if (codec === undefined) return { file, id: profile?.id, examples: 0, problems: found };
  // The interpreter is only loaded where there is something to run.
  const { examplesBeside } = await import("./codec-examples.ts");
  const run = await examplesOf(file, examplesBeside(codec));
  return { file, id: profile?.id, examples: run.examples, problems: [...found, ...run.problems] };
}

async function examplesOf(file: string, sheets: readonly string[]): Promise<Checked> {
  const { checkExamples } = await import("./codec-examples.ts");
  let examples = 0;
  const problems: Problem[] = [];
  for (const sheet of sheets) {
    const run = await checkExamples(sheet);
    examples += run.count;
    problems.push(...run.problems.map((found) => profileProblem(found, "error")));
  }
  return { file, id: undefined, examples, problems };
}
