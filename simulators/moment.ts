import type { Micros } from "../model/time.ts";

/** A moment of a scenario, in microseconds of its own time, on a tick. */
export interface Moment {
  /** Since the scenario's start; runs on over repeats of the story. */
  readonly elapsed: Micros;
  /** Since the story last began. */
  readonly story: Micros;
  /** How often the story has begun again. */
  readonly cycle: number;
}

/** How a scenario's time is divided. */
export interface Division {
  /** Values change only this often. */
  readonly tick: Micros;
  /** Length of the story when it repeats. */
  readonly repeat: Micros | undefined;
}

/** The moment at or just before `elapsed`: on a tick, within the story that is told then. */
export function momentAt(elapsed: Micros, { tick, repeat }: Division): Moment {
  const ticked = Math.floor(Math.max(0, elapsed) / tick) * tick;
  if (repeat === undefined) return { elapsed: ticked, story: ticked, cycle: 0 };
  const cycle = Math.floor(ticked / repeat);
  return { elapsed: ticked, story: ticked - cycle * repeat, cycle };
}

/** The same cycle at another time of its story: what an instrument that stands still since then goes on saying. */
export function atStory(moment: Moment, story: Micros): Moment {
  return { elapsed: moment.elapsed - moment.story + story, story, cycle: moment.cycle };
}
