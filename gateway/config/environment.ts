import { copyMap } from "./files.ts";
import { isTree, place, placeEntry, spotOf, type Tree } from "./located.ts";
import { SourceText } from "./source.ts";

/*
 * A few settings may come from the environment, so that one site file serves a container, a service and a bench.
 */

/** Variables that stand for options of a site file. */
export const VARIABLES = {
  TOCSIN_DATA: "Data folder; comes before `data`, and `--data` before it.",
  TOCSIN_INFLUX_URL: "Adds a sink `influx` of type `influxdb2` with this address.",
  TOCSIN_INFLUX_ORG: "Its organisation. Default: tocsin.",
  TOCSIN_INFLUX_BUCKET: "Its bucket. Default: tocsin.",
  TOCSIN_INFLUX_TOKEN: "Its token.",
} as const;

/** The sink's id; one of that id in the site file is left as it is. */
const SINK = "influx";

/** Adds what the environment says to the tree of a site, which is copied as far as it changes. */
export function applyEnvironment(root: Tree, environment: NodeJS.ProcessEnv): Tree {
  const url = environment.TOCSIN_INFLUX_URL;
  if (url === undefined || url === "") return root;
  const present = root.sinks ?? undefined;
  if (present !== undefined && !isTree(present)) return root;
  if (present !== undefined && Object.hasOwn(present, SINK)) return root;
  const token = environment.TOCSIN_INFLUX_TOKEN;
  const sink: Tree = {
    type: "influxdb2",
    url,
    org: environment.TOCSIN_INFLUX_ORG || "tocsin",
    bucket: environment.TOCSIN_INFLUX_BUCKET || "tocsin",
    ...(token === undefined || token === "" ? {} : { token: "env:TOCSIN_INFLUX_TOKEN" }),
  };
  const source = new SourceText("environment", `TOCSIN_INFLUX_URL=${url}`);
  const spot = { source, offset: 0 };
  const sinks = present === undefined ? {} : copyMap(present);
  if (spotOf(sinks) === undefined) place(sinks, spot);
  place(sink, spot);
  for (const key of Object.keys(sink)) placeEntry(sink, key, { key: spot, value: spot });
  sinks[SINK] = sink;
  placeEntry(sinks, SINK, { key: spot, value: spot });
  const site = copyMap(root);
  site.sinks = sinks;
  if (present === undefined) placeEntry(site, "sinks", { key: spot, value: spot });
  return site;
}
