import { fires, firesSummary, firesTable, standingFromTheStart } from "./fires.ts";
import { quietRiver } from "./quiet-river.ts";
import { rain, rainText } from "./rain.ts";
import { gainedText, rivers, riversTable } from "./rivers.ts";

/** Limits that are tried on the quiet river, m/h. */
const RISES = [0.3, 0.25, 0.15, 0.1];

/** The parts of docs/real-data.md that are figures, by the name of their place. */
export function figures(): ReadonlyMap<string, string> {
  const rooms = fires();
  const flood = rivers();
  const quiet = RISES.map((limit) => ({ limit, ...quietRiver(limit) }));
  return new Map([
    ["fires", firesSummary(rooms)],
    ["fires-rooms", firesTable(rooms)],
    ["fires-offsets", `${standingFromTheStart(rooms).join(", ")}.`],
    ["rivers", gainedText(flood.rivers)],
    ["rivers-stations", riversTable(flood.rivers)],
    ["rain", rainText(rain())],
    [
      "quiet",
      quiet
        .map(
          ({ limit, alarms, sensorDays }) =>
            `- ${limit} m/h: ${alarms} false alarms in ${sensorDays.toFixed(0)} sensor-days`,
        )
        .join("\n"),
    ],
  ]);
}

/** A page with its figures put in place, each between `<!-- NAME -->` and `<!-- end -->`. */
export function withFigures(page: string, parts: ReadonlyMap<string, string>): string {
  return page.replace(/<!-- ([a-z-]+) -->\n[\s\S]*?<!-- end -->/g, (place, name: string) => {
    const part = parts.get(name);
    return part === undefined ? place : `<!-- ${name} -->\n${part}\n<!-- end -->`;
  });
}
