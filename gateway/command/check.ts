import { loadSite } from "../config/load.ts";
import { type Problem, problemJson, renderProblem } from "../config/problem.ts";
import type { Configuration } from "../configuration.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { hasColour, print, printJson } from "./output.ts";

/** Checks a site and says everything that is wrong with it. */
export function check(site: string, options: { json: boolean }): ExitCode {
  const { configuration, problems } = loadSite(site);
  const errors = problems.filter(({ severity }) => severity === "error").length;
  if (options.json) {
    printJson({
      ok: errors === 0,
      problems: problems.map((problem) => problemJson(problem)),
      ...(configuration === undefined ? {} : { site: overview(configuration) }),
    });
  } else {
    const colour = hasColour(process.stdout);
    for (const problem of problems) {
      print(renderProblem(problem, { excerpt: process.stdout.isTTY === true, colour }));
    }
    print(summary(problems, configuration));
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
