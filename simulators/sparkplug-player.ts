import type { SparkplugSection } from "../drivers/sparkplug/profile.ts";
import { InternalError } from "../model/error.ts";
import type { Instrument } from "./instrument.ts";
import type { Moment } from "./moment.ts";
import type { Player, Reached } from "./player.ts";
import { SparkplugNode, type SparkplugNodeOptions } from "./sparkplug-node.ts";

export interface SparkplugPlayerOptions extends Omit<SparkplugNodeOptions, "group" | "node"> {
  readonly instruments: readonly Instrument[];
}

/** The edge nodes of one broker with the instruments behind them, each node on a connection of its own. */
export class SparkplugPlayer implements Player {
  readonly link: string;
  readonly endpoint = undefined;
  readonly #o: SparkplugPlayerOptions;
  readonly #nodes: readonly SparkplugNode[];

  constructor(link: string, options: SparkplugPlayerOptions) {
    this.link = link;
    this.#o = options;
    const nodes = new Map<
      string,
      { group: string; node: string; behind: [Instrument, SparkplugSection][] }
    >();
    for (const instrument of options.instruments) {
      const { id, section, address } = instrument.device;
      const { group, node } = address;
      if (!("sparkplug" in section) || group === undefined || node === undefined) {
        throw new InternalError("INTERNAL", `${id} is not behind an edge node of Sparkplug`);
      }
      const key = `${group}/${node}`;
      const known = nodes.get(key) ?? { group, node, behind: [] };
      known.behind.push([instrument, section.sparkplug]);
      nodes.set(key, known);
    }
    const { instruments: _, ...rest } = options;
    this.#nodes = Array.from(
      nodes.values(),
      ({ group, node, behind }) => new SparkplugNode(behind, { ...rest, group, node }),
    );
  }

  /** A broker that is not there yet is a normal situation: nodes connect on their first tick, and again. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  tick(moment: Moment): void {
    for (const node of this.#nodes) node.tick(moment);
  }

  reached(): Reached[] {
    return this.#o.instruments.map(({ device }) => {
      const { group, node, device: behind, folder } = device.address;
      const place = [group, node, behind, folder].filter((part) => part !== undefined).join("/");
      return {
        device: device.id,
        name: device.name,
        profile: device.profile,
        link: device.link,
        where: `${this.#o.url} ${place}`,
        channels: device.channels.length,
      };
    });
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.#nodes.map((node) => node.stop()));
  }
}
