import { z } from "zod";
import { DATA_TYPE } from "../../drivers/sparkplug/data-type.ts";
import type { WrittenMetric } from "../../drivers/sparkplug/payload-writer.ts";
import { type Clock, MILLISECOND, parseDuration } from "../../model/time.ts";
import { SparkplugEdge } from "../../simulators/sparkplug-edge.ts";

const values = z.record(z.string(), z.union([z.number(), z.boolean(), z.null()]));

/** What the Sparkplug edge node `plant/edge` with its device `panel` does. */
export const edgeStepSchema = z.strictObject({
  edge: z.enum([
    /** It connects and is born, with these values. */
    "connects",
    /** It says these values under their aliases. */
    "says",
    /** It says these values, and the message is lost on the way: only its next birth has them. */
    "loses",
    /** Its connection breaks. */
    "drops",
  ]),
  values: values.default({}),
  /** How long ago it was: said as historical. */
  ago: z.string().optional(),
});
type EdgeStep = z.output<typeof edgeStepSchema>;

/** The edge node of a situation. */
export class SituationEdge {
  readonly #clock: Clock;
  readonly #edge: SparkplugEdge;
  /** What a birth says, in the order of the aliases. */
  readonly #present = new Map<string, number | boolean | null>();

  /** `url`: of the broker. */
  constructor(url: string, clock: Clock) {
    this.#clock = clock;
    this.#edge = new SparkplugEdge({ url, group: "plant", node: "edge", clock });
  }

  async step({ edge, values, ago }: EdgeStep): Promise<void> {
    if (ago === undefined) {
      for (const [name, value] of Object.entries(values)) this.#present.set(name, value);
      this.#edge.becomes(
        "panel",
        [...this.#present.keys()].map((name) => ({ name, ...this.#metric(name) })),
      );
    }
    if (edge === "connects") await this.#edge.connect();
    else if (edge === "drops") this.#edge.drop();
    else if (edge === "loses") this.#edge.lose();
    else await this.#edge.say("panel", this.#said(values, ago));
  }

  close(): Promise<void> {
    return this.#edge.close();
  }

  #said(values: EdgeStep["values"], ago: string | undefined): WrittenMetric[] {
    return Object.entries(values).map(([name, value]) => {
      const metric = { ...this.#metric(name), value };
      if (ago === undefined) return metric;
      const at = this.#clock.wall() - (parseDuration(ago) ?? Number.NaN);
      return { ...metric, historical: true, timestamp: Math.floor(at / MILLISECOND) };
    });
  }

  #metric(name: string): WrittenMetric {
    const value = this.#present.get(name) ?? null;
    const dataType = typeof value === "boolean" ? DATA_TYPE.boolean : DATA_TYPE.double;
    return { alias: [...this.#present.keys()].indexOf(name) + 1, dataType, value };
  }
}
