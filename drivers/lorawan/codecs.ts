import { Worker } from "node:worker_threads";
import { describe } from "../../model/error.ts";
import { type Clock, MILLISECOND, MINUTE, type Micros, SECOND, type Timer } from "../../model/time.ts";
import type {
  CodecAnswer,
  CodecBatch,
  CodecBounds,
  CodecFault,
  CodecOutcome,
  CodecStart,
} from "./codec-messages.ts";

/** Uplinks that cross to the thread at a time. */
const BATCH = 64;
/** Beside the deadlines of its codecs: a thread that is silent for longer hangs; and one that has yet to load the interpreter. */
const SILENCE: Micros = 1 * SECOND;
const SILENCE_AT_START: Micros = 10 * SECOND;
/** So many faults one after the other, and a codec has failed; where they cost time it is set aside. */
const STRIKES = 3;
/** For how long: first, and at most. */
const PARKED_FIRST: Micros = 10 * SECOND;
const PARKED_MOST: Micros = 10 * MINUTE;
/** Pause before a thread that ended is started again: first, doubled, and at most. */
const RESTART_FIRST: Micros = 50 * MILLISECOND;
const RESTART_MOST: Micros = 10 * SECOND;
/** Bounds of the thread's own heap, MB; the interpreters' memory is bounded by themselves. */
const HEAP = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

export interface CodecsOptions {
  readonly files: readonly string[];
  readonly bounds: CodecBounds;
  /** How many devices are read with each of the files; default: one. */
  readonly devices?: readonly number[];
  /** Uplinks that may wait for one codec. */
  readonly waiting: number;
  readonly clock: Clock;
  /** The thread had to be started again. */
  readonly onRestart: (why: string) => void;
  /** A codec is set aside. */
  readonly onParked: (file: string, span: Micros) => void;
  /** A codec gives nothing any more, and why; or (undefined) it works again. Told on change only. */
  readonly onHealth: (index: number, problem: string | undefined) => void;
}

/** An uplink for a codec. */
export interface CodecUplink {
  /** JSON of `CodecInput`. */
  readonly input: string;
  /** Which device it is from, by any number. */
  readonly device: number;
}

interface Job extends CodecUplink {
  readonly done: (outcome: CodecOutcome) => void;
}

interface Lane {
  jobs: Job[];
  /** So many of the next uplinks go one by one. */
  alone: number;
  strikes: number;
  /** Uplinks in a row for which it gave nothing, the device of the first of them, and whether others are among them. */
  vain: number;
  vainOf: number;
  several: boolean;
  /** It has been told to have failed. */
  failed: boolean;
  parkedUntil: Micros;
  span: Micros;
}

/**
 * Runs uplinks through the codecs of their vendors, in a thread. Each codec has a queue of its own, and they take turns; one that takes
 * too long costs the others its deadline, a few times, and is then set aside for a while.
 */
export class Codecs {
  readonly #o: CodecsOptions;
  readonly #lanes: Lane[];
  #respawn: Timer | undefined;
  /** Threads that ended without an answer, one after the other. */
  #failures = 0;
  /** The thread has answered. */
  #settled = false;
  #worker: Worker | undefined;
  #stopped = true;
  #turn = 0;
  #batch = 0;
  #flight: { batch: number; lane: number; jobs: Job[] } | undefined;
  #watch: Timer | undefined;

  constructor(options: CodecsOptions) {
    this.#o = options;
    this.#lanes = options.files.map(() => ({
      jobs: [],
      alone: 0,
      strikes: 0,
      vain: 0,
      vainOf: 0,
      several: false,
      failed: false,
      parkedUntil: 0,
      span: 0,
    }));
  }

  start(): void {
    this.#stopped = false;
    if (this.#o.files.length > 0) this.#spawn();
  }

  /** What is under way or waits is dropped: nobody hears of it any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.cancel();
    this.#respawn?.cancel();
    for (const lane of this.#lanes) lane.jobs = [];
    this.#flight = undefined;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** Uplinks that wait or are under way. */
  get waiting(): number {
    return this.#lanes.reduce((sum, { jobs }) => sum + jobs.length, this.#flight?.jobs.length ?? 0);
  }

  /** Runs one uplink through codec `index` of the files. `done` is called once, in order of the calls for one codec, unless stopped. */
  decode(index: number, uplink: CodecUplink, done: (outcome: CodecOutcome) => void): void {
    if (this.#stopped) return;
    const lane = this.#lanes[index]!;
    const parked = lane.parkedUntil > this.#o.clock.now();
    // Behind what waits already, so that one device's uplinks stay in order.
    if (parked && lane.jobs.length === 0 && this.#flight?.lane !== index) {
      done({ fault: "parked", words: "its codec took too long, again and again" });
      return;
    }
    if (lane.jobs.length >= this.#o.waiting) {
      done({ fault: "crowded", words: "too many uplinks wait for its codec" });
      return;
    }
    lane.jobs.push({ ...uplink, done });
    this.#next();
  }

  #spawn(): void {
    const { files, bounds } = this.#o;
    const start: CodecStart = { files, bounds };
    const worker = new Worker(new URL("./codec-thread.ts", import.meta.url), {
      workerData: start,
      resourceLimits: HEAP,
      // What a codec prints goes nowhere, and what it finds in the environment is nothing.
      env: {},
    });
    worker.on("message", (answer: CodecAnswer) => this.#answered(worker, answer));
    worker.on("error", (error) => this.#ended(worker, describe(error)));
    worker.on("exit", () => this.#ended(worker, "the thread ended"));
    worker.unref();
    this.#worker = worker;
  }

  /** Gives the thread the uplinks of the codec whose turn it is. */
  #next(): void {
    if (this.#flight !== undefined || this.#worker === undefined) return;
    const now = this.#o.clock.now();
    for (let i = 0; i < this.#lanes.length; i++) {
      const index = (this.#turn + i) % this.#lanes.length;
      const lane = this.#lanes[index]!;
      if (lane.parkedUntil > now) {
        const { jobs } = lane;
        lane.jobs = [];
        for (const { done } of jobs)
          done({ fault: "parked", words: "its codec took too long, again and again" });
        continue;
      }
      if (lane.jobs.length === 0) continue;
      this.#turn = index + 1;
      // One that is suspected goes alone: it must not take others of its own with it.
      const alone = lane.strikes > 0 || lane.alone > 0;
      if (lane.alone > 0) lane.alone--;
      const jobs = lane.jobs.splice(0, alone ? 1 : BATCH);
      const batch = ++this.#batch;
      this.#flight = { batch, lane: index, jobs };
      this.#worker.postMessage({
        batch,
        codec: index,
        inputs: jobs.map(({ input }) => input),
      } satisfies CodecBatch);
      const silence = this.#settled ? SILENCE : SILENCE_AT_START;
      const patience = silence + jobs.length * this.#o.bounds.deadline * MILLISECOND;
      this.#watch = this.#o.clock.after(patience, () => this.#hangs());
      return;
    }
  }

  #answered(worker: Worker, { batch, outcomes, dying }: CodecAnswer): void {
    const flight = this.#flight;
    if (worker !== this.#worker || flight?.batch !== batch) return;
    this.#failures = 0;
    this.#settled = true;
    if (dying) this.#retire("a codec left the interpreter in pieces");
    this.#land(outcomes);
  }

  /** The outcomes of the first uplinks of the batch are known; the others go back to the front of the queue. */
  #land(outcomes: readonly CodecOutcome[]): void {
    const flight = this.#flight!;
    this.#flight = undefined;
    this.#watch?.cancel();
    const lane = this.#lanes[flight.lane]!;
    lane.jobs.unshift(...flight.jobs.slice(outcomes.length));
    for (const [index, outcome] of outcomes.entries()) {
      const job = flight.jobs[index]!;
      this.#judge(flight.lane, job, outcome);
      job.done(outcome);
    }
    if (!this.#stopped) this.#next();
  }

  /** The thread no longer answers: the uplink that it was over is the cause. */
  #hangs(): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    void worker.terminate();
    this.#ended(worker, "a codec hangs");
  }

  #ended(worker: Worker, why: string): void {
    if (worker !== this.#worker || this.#stopped) return;
    this.#retire(why);
    this.#watch?.cancel();
    const flight = this.#flight;
    this.#flight = undefined;
    if (flight === undefined) return;
    const lane = this.#lanes[flight.lane]!;
    const [only] = flight.jobs;
    if (flight.jobs.length > 1) {
      // One of these is the cause: each goes alone now, in their order.
      lane.jobs.unshift(...flight.jobs);
      lane.alone = flight.jobs.length;
      return;
    }
    const outcome: CodecOutcome = { fault: "crashed", words: why };
    this.#judge(flight.lane, only!, outcome);
    only!.done(outcome);
  }

  /** Another thread takes the place of this one, after a pause. */
  #retire(why: string): void {
    this.#worker = undefined;
    this.#settled = false;
    this.#o.onRestart(why);
    const pause = Math.min(RESTART_FIRST * 2 ** this.#failures++, RESTART_MOST);
    this.#respawn = this.#o.clock.after(pause, () => {
      this.#spawn();
      this.#next();
    });
  }

  #judge(index: number, { device }: CodecUplink, outcome: CodecOutcome): void {
    const lane = this.#lanes[index]!;
    this.#note(index, device, outcome);
    if (!("fault" in outcome) || !COSTLY.has(outcome.fault)) {
      lane.strikes = 0;
      lane.span = 0;
      return;
    }
    if (++lane.strikes < STRIKES) return;
    lane.span = lane.span === 0 ? PARKED_FIRST : Math.min(2 * lane.span, PARKED_MOST);
    lane.parkedUntil = this.#o.clock.now() + lane.span;
    this.#o.onParked(this.#o.files[index]!, lane.span);
  }

  /** One uplink may be odd, and one device; several in a row of several devices, and nothing is known of any of them any more. */
  #note(index: number, device: number, outcome: CodecOutcome): void {
    const lane = this.#lanes[index]!;
    if (!("fault" in outcome)) {
      lane.vain = 0;
      lane.several = false;
      if (!lane.failed) return;
      lane.failed = false;
      this.#o.onHealth(index, undefined);
      return;
    }
    if (lane.vain++ === 0) lane.vainOf = device;
    else if (lane.vainOf !== device) lane.several = true;
    if (lane.failed || !this.#hasFailed(index, outcome.fault)) return;
    lane.failed = true;
    this.#o.onHealth(index, `${outcome.fault}: ${outcome.words}`);
  }

  #hasFailed(index: number, fault: CodecFault): boolean {
    const { vain, several } = this.#lanes[index]!;
    if (fault === "broken") return true;
    if (vain < STRIKES) return false;
    // Set aside, it reads none of its devices.
    return COSTLY.has(fault) || several || (this.#o.devices?.[index] ?? 1) === 1;
  }
}

/** Faults that take time from the others: loading a file that cannot be used takes it, too. */
const COSTLY: ReadonlySet<CodecFault> = new Set(["broken", "deadline", "memory", "crashed"]);
