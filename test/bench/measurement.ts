/** What became of a figure beside the number we hold ourselves to. */
export type Verdict = "ok" | "short" | "left out" | "for comparison";

/** One row of the table. */
export interface Row {
  readonly what: string;
  /** The number we hold ourselves to, as people read it. */
  readonly goal: string;
  readonly measured: string;
  readonly verdict: Verdict;
  /** Every figure behind `measured`, with its unit in the name (`readings_per_second`), for machines. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Says what is going on at the moment; progress goes to standard error. */
export type Progress = (words: string) => void;

/**
 * One thing that is measured on real parts in processes of their own. It cleans up after itself, whatever happens, and takes
 * well under a minute.
 */
export interface Measurement {
  /** What it is called on the command line. */
  readonly id: string;
  readonly run: (progress: Progress) => Promise<readonly Row[]>;
}

/** `ok` when a figure reaches its goal. */
export function verdict(reached: boolean): Verdict {
  return reached ? "ok" : "short";
}

/** A row for something this machine cannot measure. */
export function leftOut(what: string, goal: string, why: string): Row {
  return { what, goal, measured: why, verdict: "left out", figures: {} };
}
