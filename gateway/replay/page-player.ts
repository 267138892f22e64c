import { FLAG_DERIVED, ReadingBatch } from "../../model/reading.ts";
import type { CommandInput, Input } from "../../rules/input.ts";
import type { Series } from "../journal/dictionary.ts";
import type { Page } from "../journal/page.ts";
import type { Playback } from "./playback.ts";
import type { Remarks, Span } from "./source.ts";

/** Feeds pages to a playback, in the order in which they were evaluated. */
export class PagePlayer {
  readonly #playback: Playback;
  readonly #remarks: Remarks;
  /** Channel of a series, by series id; -1: the site has none, or another quantity. */
  readonly #channelOf = new Map<number, number>();
  readonly #series: ReadonlyMap<number, Series>;
  readonly #batch = new ReadingBatch();
  /** The occurrence that stood live, by rule and subject. */
  readonly #stood = new Map<string, number>();
  /** Everything so far was evaluated under this configuration, from the first record on. */
  #exact: boolean;
  #revision = "";
  #booted = false;

  constructor(
    playback: Playback,
    options: { series: readonly Series[]; remarks: Remarks; complete: boolean },
  ) {
    this.#playback = playback;
    this.#remarks = options.remarks;
    this.#exact = options.complete;
    const { channels } = playback.configuration.site;
    const byKey = new Map(channels.map((channel) => [channel.key, channel]));
    this.#series = new Map(options.series.map((series) => [series.id, series]));
    for (const { id, key, quantity, unit } of options.series) {
      const channel = byKey.get(key);
      const fits = channel !== undefined && channel.quantity === quantity && channel.unit === unit;
      this.#channelOf.set(id, fits ? channel.index : -1);
    }
  }

  /** Records are missing: from here on the replay is on its own. */
  broken(): void {
    this.#exact = false;
  }

  /** Whether the events of a page must come out of the replay as they stand in it. */
  exact(page: Page): boolean {
    for (const { input } of page.inputs) {
      if (input.kind === "boot" && input.revision !== this.#playback.configuration.site.revision) {
        this.#exact = false;
      }
    }
    return this.#exact;
  }

  page(page: Page, span: Span): void {
    let next = 0;
    for (let m = 0; m < page.messages; m++) {
      next = this.#inputs(page, next, { upTo: m, span });
      const received = page.received[m]!;
      if (received >= span.until) return;
      if (received >= span.since) this.#message(page, m);
    }
    this.#inputs(page, next, { upTo: Number.POSITIVE_INFINITY, span });
    for (const { rule, subject, occurrence, to } of page.events) {
      const key = `${rule} ${subject}`;
      if (to === "normal") this.#stood.delete(key);
      else this.#stood.set(key, occurrence);
    }
  }

  #inputs(page: Page, from: number, { upTo, span }: { upTo: number; span: Span }): number {
    let i = from;
    for (; i < page.inputs.length && page.inputs[i]!.before <= upTo; i++) {
      const { input } = page.inputs[i]!;
      if (input.at < span.since || input.at >= span.until) continue;
      const own = this.#exact ? input : this.#translated(input, page);
      if (own !== undefined) this.#playback.input(own);
      if (input.kind === "boot") {
        this.#revision = input.revision;
        this.#booted = true;
      }
    }
    return i;
  }

  /** What an input means under another configuration than the one it was recorded under. */
  #translated(input: Input, page: Page): Input | undefined {
    const { engine, configuration } = this.#playback;
    const { site } = configuration;
    switch (input.kind) {
      case "boot":
        return {
          kind: "boot",
          at: input.at,
          boot: input.boot,
          revision: site.revision,
          seq: engine.nextSeq,
          occurrence: engine.nextOccurrence,
        };
      case "health": {
        const known = this.#revision === site.revision;
        const things = input.thing === "link" ? site.links : site.devices;
        const found = things.find(({ key, index }) =>
          input.key === undefined ? known && index === input.index : key === input.key,
        );
        if (found !== undefined) return { ...input, index: found.index };
        this.#remarks.add(`health of a ${input.thing} that this site does not have`, input.key);
        return undefined;
      }
      case "command":
        return this.#meant(input, page);
      default:
        return input;
    }
  }

  /** A command for what stands here in place of what the person saw; refused when nothing does. */
  #meant(command: CommandInput, page: Page): CommandInput {
    if (!("occurrence" in command) || command.occurrence === undefined) return command;
    const { rule, subject, occurrence } = command;
    const seen =
      this.#stood.get(`${rule} ${subject}`) === occurrence ||
      page.events.some(
        (event) => event.rule === rule && event.subject === subject && event.occurrence === occurrence,
      );
    const here = this.#playback.engine.alarm(rule, subject)?.occurrence ?? 0;
    return { ...command, occurrence: seen ? here : 0 };
  }

  #message(page: Page, m: number): void {
    const batch = this.#batch;
    batch.clear();
    const recompute = !this.#exact;
    const start = m === 0 ? 0 : page.end[m - 1]!;
    for (let i = start; i < page.end[m]!; i++) {
      const flags = page.flags[i]!;
      if (recompute && (flags & FLAG_DERIVED) !== 0) continue;
      const series = page.series[i]!;
      const channel = this.#channelOf.get(series) ?? -1;
      if (channel < 0) {
        const key = this.#series.get(series)?.key ?? `series ${series}`;
        this.#remarks.add("readings of a channel that this site does not have", undefined);
        this.#remarks.add(`of ${key}`);
        continue;
      }
      batch.add(channel, page.value[i]!, page.reason[i]!, page.time[i]!);
      batch.flags[batch.length - 1] = flags;
    }
    const received = page.received[m]!;
    if (!this.#booted && recompute) {
      this.#booted = true;
      this.#playback.boot(received);
    }
    if (recompute) this.#playback.derive(batch);
    this.#playback.again(batch, received);
  }
}
