import type { Clock, Micros, Timer } from "../../model/time.ts";

/** Something done again and again. */
export interface Task {
  /** Whole periods are counted from its first time, so that it does not drift. */
  readonly period: Micros;
  readonly run: () => Promise<void>;
  /** When it is next due; set it to have the task run out of turn. */
  due: Micros;
  /** False: it rests until told otherwise. */
  enabled: boolean;
  state: "resting" | "ready" | "running";
  /** Its last turn, counted over all tasks. */
  turn: number;
}

export interface ScheduleOptions {
  readonly clock: Clock;
  /** Tasks that run at the same time. */
  readonly limit: number;
  /** A task was due again before its last turn had come to an end. */
  readonly onMissed: (times: number) => void;
  /** A turn threw: a fault of ours, which must not end the polling. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Runs tasks at fixed rates, in the order in which they became due; of those due together the one goes first whose last turn
 * is longest ago, so that a bus that cannot carry all of them treats them alike. A task that is due again while it still waits or runs
 * misses that cycle: nothing piles up.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #tasks: Task[] = [];
  readonly #ready: Task[] = [];
  readonly #running = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #stopped = true;
  #turns = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  add(period: Micros, run: () => Promise<void>): Task {
    const task: Task = { period, run, due: 0, enabled: true, state: "resting", turn: 0 };
    this.#tasks.push(task);
    return task;
  }

  /** Every enabled task is due now. Does nothing while the schedule runs: a connection made anew does not move the rhythm. */
  start(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    const now = this.#options.clock.now();
    for (const task of this.#tasks) if (task.enabled) task.due = now;
    this.check();
  }

  /** Begins no more tasks; those that run go on to their end. */
  pause(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const task of this.#ready.splice(0)) task.state = "resting";
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.#running]);
  }

  /** Looks at what is due; called after `due` or `enabled` of a task was set. */
  check(): void {
    if (this.#stopped) return;
    const now = this.#options.clock.now();
    let next = Number.POSITIVE_INFINITY;
    const due: Task[] = [];
    for (const task of this.#tasks) {
      if (!task.enabled) continue;
      if (task.due <= now && this.#due(task, now)) due.push(task);
      next = Math.min(next, task.due);
    }
    if (due.length > 1) due.sort((a, b) => a.turn - b.turn);
    this.#ready.push(...due);
    this.#timer?.cancel();
    this.#timer =
      next === Number.POSITIVE_INFINITY
        ? undefined
        : this.#options.clock.after(next - now, () => this.check());
    this.#begin();
  }

  /** Advances a task that is due to its next time; whether it has a turn now. */
  #due(task: Task, now: Micros): boolean {
    const periods = Math.floor((now - task.due) / task.period) + 1;
    task.due += periods * task.period;
    const rested = task.state === "resting";
    const missed = rested ? periods - 1 : periods;
    if (missed > 0) this.#options.onMissed(missed);
    if (rested) task.state = "ready";
    return rested;
  }

  #begin(): void {
    while (!this.#stopped && this.#running.size < this.#options.limit) {
      const task = this.#ready.shift();
      if (task === undefined) return;
      if (!task.enabled) {
        task.state = "resting";
        continue;
      }
      task.state = "running";
      task.turn = ++this.#turns;
      const done = task
        .run()
        .catch(this.#options.onFault)
        .then(() => {
          task.state = "resting";
          this.#running.delete(done);
          this.#begin();
        });
      this.#running.add(done);
    }
  }
}
