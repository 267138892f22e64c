/** The first level of all topics (Sparkplug 3.0, 4.1.1). */
export const NAMESPACE = "spBv1.0";

/** Sequence numbers there are: 0 to 255 (tck-id-payloads-sequence-num-incrementing). */
export const SEQUENCE = 256;

/** What an edge node says. */
export const VERBS = ["NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH"] as const;
export type Verb = (typeof VERBS)[number];

/** Whose message it is. */
export interface SparkplugTopic {
  readonly group: string;
  readonly verb: Verb;
  readonly node: string;
  /** Undefined: the edge node's own. */
  readonly device: string | undefined;
}

/** Reads `spBv1.0/group/verb/node[/device]`; undefined when a topic is none that an edge node speaks on. */
export function parseTopic(topic: string): SparkplugTopic | undefined {
  const [namespace, group, word, node, device, ...more] = topic.split("/");
  if (namespace !== NAMESPACE || !group || !node || more.length > 0) return undefined;
  const verb = VERBS.find((known) => known === word);
  if (verb === undefined) return undefined;
  const named = device !== undefined && device !== "";
  // The messages of a device name it, those of the node do not (4.2).
  if (verb.startsWith("D") !== named || (device === "" && !named)) return undefined;
  return { group, verb, node, device };
}

/** Where an edge node speaks; `device`: for one behind it. */
export function edgeTopic(
  { group, node }: { group: string; node: string },
  verb: Verb,
  device: string | undefined,
): string {
  return [NAMESPACE, group, verb, node, ...(device === undefined ? [] : [device])].join("/");
}

/** Where commands to an edge node go (4.5). */
export function commandTopic({ group, node }: { group: string; node: string }): string {
  return `${NAMESPACE}/${group}/NCMD/${node}`;
}

/** Everything of a group. */
export function groupFilter(group: string): string {
  return `${NAMESPACE}/${group}/#`;
}

/** Why a text cannot be an id of a group, a node or a device (5.1: no `/`, `+`, `#`), or undefined when it can. */
export function idProblem(id: string): string | undefined {
  if (id.length === 0) return "an id has at least one character";
  if (id.includes("\u0000") || /[+#/]/.test(id)) return "an id has no +, # or /";
  return undefined;
}
