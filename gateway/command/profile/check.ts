import { type LocatedProblem, loadProfile } from "../../../drivers/profile-store.ts";
import { type Problem, problemJson, renderProblem } from "../../config/problem.ts";
import { profileProblem } from "../../config/profile-problem.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { hasColour, print, printJson } from "../output.ts";

/** Checks profile files, by themselves: mistakes that stop them from working, and what looks wrong and may be meant. */
export function checkProfiles(files: readonly string[], options: { json: boolean }): ExitCode {
  const checked = files.map((file) => {
    const { profile, problems, lint } = loadProfile(file);
    const of = (severity: Problem["severity"]) => (found: LocatedProblem) => profileProblem(found, severity);
    return { file, id: profile?.id, problems: [...problems.map(of("error")), ...lint().map(of("warning"))] };
  });
  const all = checked.flatMap(({ problems }) => problems);
  const errors = all.filter(({ severity }) => severity === "error").length;
  if (options.json) {
    printJson({
      ok: errors === 0,
      profiles: checked.map(({ file, id, problems }) => ({
        file,
        profile: id ?? null,
        problems: problems.map((problem) => problemJson(problem)),
      })),
    });
  } else {
    const look = { excerpt: process.stdout.isTTY === true, colour: hasColour(process.stdout) };
    for (const problem of all) print(renderProblem(problem, look));
    for (const { file, id, problems } of checked) {
      if (id !== undefined)
        print(`ok: ${file}: ${id}${problems.length === 0 ? "" : `, ${problems.length} to look at`}`);
    }
    if (errors > 0) print(`${errors} error${errors === 1 ? "" : "s"} · ${errors} 处错误`);
  }
  return errors === 0 ? EXIT.ok : EXIT.configuration;
}
