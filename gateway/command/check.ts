import type { PackUse } from "../config/expand-packs.ts";
import { loadSite } from "../config/load.ts";
import { type Problem, problemJson, renderProblem } from "../config/problem.ts";
import type { Configuration } from "../configuration.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { hasColour, print, printJson } from "./output.ts";

/** Checks a site and says everything that is wrong with it. */
export function check(site: string, options: { json: boolean }): ExitCode {
  const { configuration, problems, packs } = loadSite(site);
  const errors = problems.filter(({ severity }) => severity === "error").length;
  if (options.json) {
    printJson({
      ok: errors === 0,
      problems: problems.map((problem) => problemJson(problem)),
      ...(configuration === undefined
        ? {}
        : { site: { ...overview(configuration), packs: packsOf(configuration, packs) } }),
    });
  } else {
    const colour = hasColour(process.stdout);
    for (const problem of problems) {
      print(renderProblem(problem, { excerpt: process.stdout.isTTY === true, colour }));
    }
    print(summary(problems, configuration));
    if (configuration !== undefined) for (const line of packLines(packsOf(configuration, packs))) print(line);
  }
  return errors === 0 ? EXIT.ok : EXIT.configuration;
}

function overview({ site, rules, sinks, uplinks }: Configuration) {
  return {
    id: site.id,
    revision: site.revision,
    points: site.points.length,
    links: site.links.length,
    devices: site.devices.length,
    channels: site.channels.length,
    rules: rules.length,
    sinks: sinks.length,
    uplinks: uplinks.length,
  };
}

/** One use of a rule pack: which of its rules watch something here, and which do not. */
interface PackInUse {
  readonly id: string;
  readonly pack: string;
  readonly rules: readonly string[];
  readonly unused: readonly string[];
}

function packsOf({ rules }: Configuration, packs: readonly PackUse[]): PackInUse[] {
  const ids = new Set(rules.map(({ id }) => id));
  return packs.map(({ id, pack }) => {
    const names = Object.keys(pack.rules);
    const watches = (name: string) => ids.has(`${id}-${name}`);
    return {
      id,
      pack: pack.id,
      rules: names.filter(watches),
      unused: names.filter((name) => !watches(name)),
    };
  });
}

/** A template may use a pack for each of hundreds of places; --json has them all. */
const MOST_PACKS_SHOWN = 20;

function packLines(packs: readonly PackInUse[]): string[] {
  const beyond = packs.length - MOST_PACKS_SHOWN;
  const shown = packs.slice(0, MOST_PACKS_SHOWN).map(packLine);
  return beyond > 0 ? [...shown, `    and ${beyond} more, see --json · 另有 ${beyond} 个`] : shown;
}

/** Who expected a rule sees here that it watches nothing. */
function packLine({ id, pack, rules, unused }: PackInUse): string {
  const of = id === pack ? "" : ` (${pack})`;
  const rest = unused.length === 0 ? "" : `; not used · 未用: ${unused.join(", ")}`;
  return `    ${id}${of}: ${rules.join(", ")}${rest}`;
}

function summary(problems: readonly Problem[], configuration: Configuration | undefined): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const noted = warnings === 0 ? "" : `, ${count(warnings, "warning")}`;
  if (configuration === undefined) return `${count(errors, "error")}${noted} · ${errors} 处错误`;
  const { points, devices, channels, rules, revision } = overview(configuration);
  const { zh, en } = configuration.site.name;
  const name = zh === en ? zh : `${zh} ${en}`;
  const parts = `${count(points, "point")}, ${count(devices, "device")}, ${count(channels, "channel")}, ${count(rules, "rule")}`;
  return `ok: ${name}: ${parts}${noted} · 配置无误 (revision ${revision})`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
