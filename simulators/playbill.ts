import type { Micros, Timer } from "../model/time.ts";
import { FAULT_TEXT } from "./fault.ts";
import type { Player } from "./player.ts";
import type { SimulationEvent } from "./simulation-event.ts";
import type { Stage } from "./stage.ts";
import type { Scene, Story } from "./story.ts";

/** Lets the story happen: ticks for the players, events for who watches. Owns the only timer of a running scenario. */
export class Playbill {
  readonly #story: Story;
  readonly #stage: Stage;
  readonly #players: readonly Player[];
  readonly #onEvent: (event: SimulationEvent) => void;
  #timer: Timer | undefined;
  #next: Micros = 0;
  /** Scenes that have been told, in this cycle. */
  #told = 0;
  #cycle = 0;
  #over = false;

  constructor(options: {
    story: Story;
    stage: Stage;
    players: readonly Player[];
    onEvent: (event: SimulationEvent) => void;
  }) {
    this.#story = options.story;
    this.#stage = options.stage;
    this.#players = options.players;
    this.#onEvent = options.onEvent;
  }

  begin(): void {
    this.#tick();
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #tick(): void {
    const moment = this.#stage.moment();
    const { repeat, tick } = this.#stage.division;
    // A busy machine may skip ticks, and so may a fast scenario: what lies between is told all the same.
    while (this.#cycle < moment.cycle) {
      this.#tell(repeat ?? moment.story);
      this.#cycle++;
      this.#told = 0;
      this.#onEvent({ kind: "repeat", at: moment.elapsed, cycle: this.#cycle });
    }
    this.#tell(moment.story);
    for (const player of this.#players) player.tick(moment);
    this.#next = moment.elapsed + tick;
    this.#timer = this.#stage.at(this.#next, () => this.#tick());
  }

  /** Tells the scenes up to a time of the story. */
  #tell(until: Micros): void {
    const { scenes } = this.#story;
    for (; this.#told < scenes.length && scenes[this.#told]!.at <= until; this.#told++) {
      const event = this.#eventOf(scenes[this.#told]!);
      if (event !== undefined) this.#onEvent(event);
    }
    const last = scenes.at(-1);
    if (
      last === undefined ||
      this.#over ||
      this.#stage.division.repeat !== undefined ||
      this.#told < scenes.length
    )
      return;
    this.#over = true;
    this.#onEvent({ kind: "end", at: last.at, cycle: 0 });
  }

  #eventOf({ at, say, fault, begins = true }: Scene): SimulationEvent | undefined {
    const cycle = this.#cycle;
    if (say !== undefined) return { kind: "say", at, cycle, text: say };
    if (fault === undefined) return undefined;
    const { on, kind } = fault.fault;
    const text = FAULT_TEXT[kind];
    return { kind: "fault", at, cycle, on, fault: kind, begins, text };
  }
}
