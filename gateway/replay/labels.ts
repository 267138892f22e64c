import type { Site } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import { parseCsv, type Row } from "../config/csv.ts";
import { readText } from "../config/files.ts";
import { Problems } from "../config/problem.ts";
import { didYouMean } from "../config/suggestion.ts";
import { forExample, LISTED, listed } from "../config/texts/hints.ts";
import { inBoth } from "../messages/chinese.ts";
import { TableTimes } from "./table-times.ts";
import { refuse } from "./yaml-file.ts";

/** Something that is known to have happened. */
export interface Label {
  readonly start: Micros;
  /** Included. */
  readonly end: Micros;
  /** Where: a point's id or a channel's key; undefined: anywhere on the site. */
  readonly point: string | undefined;
  readonly channel: string | undefined;
  readonly name: string;
  /** Line of the file. */
  readonly line: number;
}

const COLUMNS = ["start", "end", "point", "channel", "name"];

/**
 * Known events: a CSV table with the columns `start`, `end` (empty: the same instant), and any of `point`, `channel`, `name`. Times without
 * a zone are the site's.
 * @throws ConfigurationError naming every mistake with its line and column
 */
export function loadLabels(path: string, site: Site): Label[] {
  const problems = new Problems();
  const source = readText(path, problems);
  const table = source === undefined ? undefined : parseCsv(source, problems);
  if (source === undefined || table === undefined) return refuse(problems);
  if (!table.columns.includes("start")) {
    problems.at(
      { source, offset: 0 },
      { message: inBoth('labels need a column "start"'), hint: listed(LISTED.columns, COLUMNS) },
    );
  }
  for (const name of table.columns) {
    if (COLUMNS.includes(name)) continue;
    problems.at(
      { source, offset: 0 },
      { message: inBoth(`unknown column "${name}"`), hint: didYouMean(name, COLUMNS) },
    );
  }
  if (problems.failed) return refuse(problems);
  const times = new TableTimes({ format: "year-first", zone: site.timeZone });
  const labels = table.rows.map((row) => labelOf(row, { site, times, problems }));
  if (labels.length === 0) problems.at({ source, offset: 0 }, { message: inBoth("there is not one label") });
  if (problems.failed) return refuse(problems);
  return labels.sort((a, b) => a.start - b.start);
}

function labelOf(
  { cells, line, spot }: Row,
  { site, times, problems }: { site: Site; times: TableTimes; problems: Problems },
): Label {
  const text = (name: string) => cells.get(name)?.text || undefined;
  const time = (name: string): Micros | undefined => {
    const cell = text(name);
    const instant = cell === undefined ? undefined : times.read(cell);
    if (instant === undefined && (cell !== undefined || name === "start")) {
      problems.at(cells.get(name)?.spot ?? spot, {
        message: inBoth(`"${cell ?? ""}" is no time`),
        hint: forExample("2026-05-21 08:00"),
      });
    }
    return instant;
  };
  const start = time("start") ?? 0;
  const end = time("end") ?? start;
  if (end < start)
    problems.at(cells.get("end")?.spot ?? spot, { message: inBoth("it ends before it starts") });
  const known = (name: string, all: readonly string[]) => {
    const word = text(name);
    if (word !== undefined && !all.includes(word)) {
      problems.at(cells.get(name)?.spot ?? spot, {
        message: inBoth(`the site has no ${name} "${word}"`),
        hint: didYouMean(word, all),
      });
    }
    return word;
  };
  const point = known(
    "point",
    site.points.map(({ id }) => id),
  );
  const channel = known(
    "channel",
    site.channels.map(({ key }) => key),
  );
  return { start, end, point, channel, name: text("name") ?? "", line };
}
