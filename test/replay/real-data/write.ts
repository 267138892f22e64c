import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figures, withFigures } from "./figures.ts";

/*
 * node test/replay/real-data/write.ts: renews the figures of docs/real-data.md from the data sets.
 */

const PAGE = join(import.meta.dirname, "../../../docs/real-data.md");
writeFileSync(PAGE, withFigures(readFileSync(PAGE, "utf8"), figures()));
