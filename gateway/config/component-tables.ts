import { dirname, resolve } from "node:path";
import { type Cell, parseCsv, type Row } from "./csv.ts";
import { copyMap, joinEntries, readText, say } from "./files.ts";
import { entryOf, isTree, locate, place, placeEntry, type Tree } from "./located.ts";
import type { Problems } from "./problem.ts";
import type { Spot } from "./source.ts";
import { didYouMean } from "./suggestion.ts";
import { LISTED, theOther } from "./texts/hints.ts";
import { ofFile } from "./texts/structure.ts";
import { idTwice, noColumn, ROW_WITHOUT_ID } from "./texts/tables.ts";

/*
 * A panel with hundreds of detectors has them in a table: `componentsFrom` names it. One row is one component; what is neither
 * its id nor its name nor its point is a field of its address.
 */

const ID = "id";
/** Columns that are options of a component; all others are fields of its address. */
const OPTIONS = ["name", "point"] as const;

/** Adds the components of all tables to their devices, in a copy of the site's tree. */
export function expandComponentTables(root: Tree, problems: Problems): Tree {
  if (!isTree(root.devices)) return root;
  const tables = Object.entries(root.devices).filter(
    ([, device]) => isTree(device) && typeof device.componentsFrom === "string",
  );
  if (tables.length === 0) return root;
  const site = copyMap(root);
  const devices = copyMap(root.devices);
  site.devices = devices;
  for (const [id, written] of tables) {
    const device = copyMap(written as Tree);
    devices[id] = device;
    const at = locate(root, ["devices", id, "componentsFrom"])!;
    const brought = readComponents(String(device.componentsFrom), at, problems);
    const present = device.components;
    const components = isTree(present) ? copyMap(present) : {};
    if (!isTree(present)) {
      place(components, at);
      placeEntry(device, "components", entryOf(written as Tree, "componentsFrom")!);
    }
    device.components = components;
    joinEntries(components, brought, problems);
  }
  return site;
}

/** The components of one table; those with a problem are left out and named. */
function readComponents(name: string, at: Spot, problems: Problems): Tree {
  const components: Tree = {};
  place(components, at);
  const source = readText(resolve(dirname(at.source.path), name), problems, at);
  const table = source === undefined ? undefined : parseCsv(source, problems);
  if (table === undefined) return components;
  if (!table.columns.includes(ID)) {
    const hint = didYouMean(ID, table.columns, LISTED.columns);
    problems.at(at, { message: ofFile(name, noColumn(ID)), hint });
    return components;
  }
  const seen = new Map<string, Spot>();
  for (const row of table.rows) {
    const { text: id, spot } = row.cells.get(ID)!;
    const first = seen.get(id);
    if (id === "" || id === "__proto__") problems.at(spot, { message: ROW_WITHOUT_ID });
    else if (first !== undefined) {
      problems.at(spot, { message: idTwice(id), hint: theOther(say(first)) });
    } else {
      seen.set(id, spot);
      components[id] = component(row);
      placeEntry(components, id, { key: spot, value: row.spot });
    }
  }
  return components;
}

function component(row: Row): Tree {
  const part: Tree = {};
  const address: Tree = {};
  place(part, row.spot);
  place(address, row.spot);
  const put = (into: Tree, key: string, { text, spot }: Cell) => {
    into[key] = text;
    placeEntry(into, key, { key: spot, value: spot, written: text, fromCell: true });
  };
  for (const [column, cell] of row.cells) {
    // An empty cell says nothing: the default counts.
    if (column === ID || cell.text === "" || column === "__proto__") continue;
    if ((OPTIONS as readonly string[]).includes(column)) put(part, column, cell);
    else put(address, column, cell);
  }
  part.address = address;
  placeEntry(part, "address", { key: row.spot, value: row.spot });
  return part;
}
