import { ConfigurationError, describe } from "../../model/error.ts";
import type { Site } from "../../model/site.ts";
import { didYouMean } from "../config/suggestion.ts";
import { LISTED } from "../config/texts/hints.ts";
import type { Mapping, TargetOptions } from "./mapping.ts";
import { channelOf, Target } from "./table-columns.ts";

/** Where a row says which channel, and what. */
export interface LongLayout {
  readonly channel: number;
  readonly value: number;
  /** By the word in the channel column; undefined: known to be none. */
  readonly targets: Map<string, Target | undefined>;
  /** Whether the words are keys of channels. */
  readonly byKey: boolean;
}

/** Where everything stands in a row: indices of cells. */
export interface Layout {
  readonly width: number;
  readonly time: readonly number[];
  readonly received: readonly number[] | undefined;
  readonly quality: { readonly column: number; readonly words: ReadonlyMap<string, string> } | undefined;
  readonly wide: readonly { readonly column: number; readonly target: Target }[];
  readonly long: LongLayout | undefined;
}

/**
 * Finds what a mapping names among the columns of a table and the channels of a site.
 * @throws ConfigurationError CONFIG_INVALID naming everything that is missing or does not convert
 */
export function layoutOf(
  columns: readonly string[],
  { mapping, path, site }: { mapping: Mapping; path: string; site: Site },
): Layout {
  const faults: string[] = [];
  const column = (name: string): number => {
    const at = columns.indexOf(name);
    const hint = didYouMean(name, columns, LISTED.ownColumns)?.en;
    if (at < 0) faults.push(`${path} has no column "${name}"${hint === undefined ? "" : ` (${hint})`}`);
    return at;
  };
  const several = (of: string | readonly string[]) => (typeof of === "string" ? [of] : of).map(column);
  const target = (key: string, options: TargetOptions): Target | undefined => {
    const name = typeof options === "string" ? options : options.channel;
    const channel = channelOf(site, name);
    if (typeof channel === "string") {
      faults.push(`mapping: "${key}": no channel "${name}": ${channel}`);
      return undefined;
    }
    try {
      return new Target(channel, options, mapping.long?.default.unit);
    } catch (cause) {
      faults.push(`mapping: "${key}": ${describe(cause)}`);
      return undefined;
    }
  };
  const { long, channels, quality, time, received } = mapping;
  const layout: Layout = {
    width: columns.length,
    time: several(time.column),
    received: received === undefined ? undefined : several(received.column),
    quality:
      quality === undefined
        ? undefined
        : { column: column(quality.column), words: new Map(Object.entries(quality.words)) },
    wide: Object.entries(channels ?? {}).flatMap(([name, options]) => {
      const at = column(name);
      const found = target(name, options);
      return found === undefined ? [] : [{ column: at, target: found }];
    }),
    long:
      long === undefined
        ? undefined
        : {
            channel: column(long.channel),
            value: column(long.value),
            targets: new Map(
              Object.entries(long.channels ?? {}).map(([word, options]) => [word, target(word, options)]),
            ),
            byKey: long.channels === undefined,
          },
  };
  if (faults.length > 0) throw new ConfigurationError("CONFIG_INVALID", faults.join("\n"));
  return layout;
}
