import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SECOND } from "../../model/time.ts";
import type { AlarmEvent, AlarmState } from "../../rules/event.ts";
import { annunciates } from "../../rules/life-cycle/annunciation.ts";
import { EngineRun, START } from "./engine-run.ts";
import { siteOf } from "./site-builder.ts";

/*
 * Whatever people, readings and time do: the engine against the table of states and transitions of IEC 62682, written down here a
 * second time and as plainly as it can be (one alarm, no delays), and what must hold of any history.
 */

const site = siteOf({
  devices: [{ id: "gd", channels: [{ id: "lel", stale: 1_000_000 * SECOND }] }],
});
const LEVELS = { yellow: 10, orange: 25, red: 50 };
const GRADES = ["normal", "yellow", "orange", "red"] as const;
const VALUE = [0, 12, 30, 60];

type Step =
  | { readonly do: "read"; readonly grade: number }
  | { readonly do: "acknowledge" | "reset" | "unshelve" | "return-to-service" | "shelve-once" | "restart" }
  | { readonly do: "shelve" | "out-of-service"; readonly span: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("read" as const), grade: fc.nat(3) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom("shelve" as const, "out-of-service" as const),
      span: fc.constantFrom(3, 5, 20),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "acknowledge" as const,
        "reset" as const,
        "unshelve" as const,
        "return-to-service" as const,
        "shelve-once" as const,
        "restart" as const,
      ),
    }),
  },
);
const history = fc.array(fc.record({ wait: fc.constantFrom(0, 1, 1, 2, 4), step }), {
  minLength: 1,
  maxLength: 50,
});

/** The table. State letters as in domain terms; shelving and service beside them. */
class Table {
  readonly #latching: boolean;
  state: AlarmState = "normal";
  grade = 0;
  /** Worst grade of the occurrence. */
  highest = 0;
  /** `worst`: what the person has silenced, which is less than all that is worse. */
  shelf: { until: number; once: boolean; worst: number } | undefined;
  out: number | undefined;
  /** Whether people were told of this occurrence. */
  told = false;

  constructor(latching: boolean) {
    this.#latching = latching;
  }

  get silence(): "out-of-service" | "shelved" | undefined {
    return this.out !== undefined ? "out-of-service" : this.shelf !== undefined ? "shelved" : undefined;
  }

  get active(): boolean {
    return this.state === "unacknowledged" || this.state === "acknowledged";
  }

  /** Ends what ends by itself up to `now`, in order of time; shelving before service. */
  until(now: number): void {
    for (;;) {
      const shelf = this.shelf?.until ?? Number.POSITIVE_INFINITY;
      const out = this.out ?? Number.POSITIVE_INFINITY;
      if (Math.min(shelf, out) > now) return;
      if (shelf <= out) this.unshelve();
      else this.back();
    }
  }

  read(grade: number): void {
    const before = this.grade;
    if (grade === 0) {
      if (this.active) {
        const acknowledged = this.state === "acknowledged";
        if (this.#latching) this.state = acknowledged ? "latched" : "latched-unacknowledged";
        else this.state = acknowledged ? "normal" : "returned";
        if (this.shelf?.once === true) this.unshelve();
      }
      return;
    }
    if (!this.active) {
      if (this.state === "normal") {
        this.told = false;
        this.highest = 0;
      }
      if (this.shelf !== undefined && grade > this.shelf.worst) this.shelf = undefined;
      this.state = "unacknowledged";
    } else if (grade > before) {
      this.shelf = undefined;
      this.state = "unacknowledged";
    }
    this.grade = grade;
    this.highest = Math.max(this.highest, grade);
    if (this.state === "unacknowledged" && this.silence === undefined) this.told = true;
  }

  acknowledge(): void {
    if (this.state === "unacknowledged") this.state = "acknowledged";
    else if (this.state === "returned") this.state = "normal";
    else if (this.state === "latched-unacknowledged") this.state = "latched";
  }

  reset(): void {
    if (this.state === "latched") this.state = "normal";
  }

  unshelve(): void {
    if (this.shelf === undefined) return;
    this.shelf = undefined;
    if (this.out === undefined) this.#resume(true);
  }

  back(): void {
    if (this.out === undefined) return;
    this.out = undefined;
    if (this.shelf === undefined) this.#resume(false);
  }

  #resume(seen: boolean): void {
    if (this.active) {
      this.state = "unacknowledged";
      this.told = true;
    } else if (this.state === "returned" && (seen || !this.told)) this.state = "normal";
  }
}

function carryOut(run: EngineRun, table: Table, at: number, step: Step): EngineRun {
  const alarm = () => run.engine.alarm("gas", "gd.lel");
  const named = () => {
    const view = alarm();
    return view === undefined || view.state === "normal" ? {} : { occurrence: view.occurrence };
  };
  table.until(at);
  run.until(at);
  switch (step.do) {
    case "read":
      run.read("gd.lel", VALUE[step.grade]!);
      table.read(step.grade);
      break;
    case "acknowledge":
      run.command("acknowledge", "gas", "gd.lel");
      table.acknowledge();
      break;
    case "reset":
      run.command("reset", "gas", "gd.lel");
      table.reset();
      break;
    case "shelve":
    case "shelve-once": {
      const once = step.do === "shelve-once";
      const span = "span" in step ? step.span : 28_800;
      const outcome = run.give({
        verb: "shelve",
        rule: "gas",
        subject: "gd.lel",
        ...named(),
        ...(once ? {} : { span: span * SECOND }),
      });
      expect(outcome.accepted).toBe(true);
      const worst = table.state === "normal" ? VALUE.length : table.highest;
      table.shelf = { until: at + span, once, worst };
      break;
    }
    case "unshelve":
      expect(run.give({ verb: "unshelve", rule: "gas", subject: "gd.lel" }).accepted).toBe(
        table.shelf !== undefined,
      );
      table.unshelve();
      break;
    case "out-of-service":
      run.give({ verb: "out-of-service", subject: "gd", span: step.span * SECOND, work: "calibration" });
      table.out = at + step.span;
      break;
    case "return-to-service":
      expect(run.give({ verb: "return-to-service", subject: "gd" }).accepted).toBe(table.out !== undefined);
      table.back();
      break;
    case "restart": {
      const again = run.restored();
      again.events.push(...run.events);
      return again;
    }
  }
  return run;
}

const ofGas = (events: readonly AlarmEvent[]) => events.filter(({ rule }) => rule === "gas");

describe.each([false, true])("latching: %s", (latching) => {
  const rules = { gas: { applies: { channel: "gd.lel" }, above: LEVELS, latching } };

  test("the engine and the table agree after every step, restarts included", () => {
    fc.assert(
      fc.property(history, (steps) => {
        let run = new EngineRun(site, rules).at(0).boot();
        const table = new Table(latching);
        let at = 0;
        for (const { wait, step: one } of steps) {
          at += wait;
          run = carryOut(run, table, at, one);
          const view = run.engine.alarm("gas", "gd.lel");
          expect(view?.state ?? "normal").toBe(table.state);
          if (table.state !== "normal") expect(view?.silence).toBe(table.silence);
          if (table.active) expect(view?.severity).toBe(GRADES[table.grade]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("of any history: each event begins where the last one ended, no red is silent without a command, every end of a silence finds an active alarm unacknowledged", () => {
    fc.assert(
      fc.property(history, (steps) => {
        let run = new EngineRun(site, rules).at(0).boot();
        const table = new Table(latching);
        let at = 0;
        for (const { wait, step: one } of steps) {
          at += wait;
          run = carryOut(run, table, at, one);
        }
        let state: AlarmState = "normal";
        for (const event of ofGas(run.events)) {
          expect(event.from).toBe(state);
          state = event.to;
          if (event.silence !== undefined) {
            // Somebody has asked for it, and it has an end.
            expect(event.until).toBeGreaterThanOrEqual(event.time);
            const asked = run.events.findLast(
              ({ transition, seq }) =>
                seq <= event.seq + 1 && (transition === "shelve" || transition === "out-of-service"),
            );
            expect(asked?.user).toBe("wang");
          }
          const ends = ["unshelve", "return-to-service"].includes(event.transition);
          if (ends && event.silence === undefined && event.from !== "normal") {
            if (event.from === "acknowledged" || event.from === "unacknowledged") {
              expect(event.to).toBe("unacknowledged");
              expect(annunciates(event)).toBe(true);
            }
          }
          if (event.transition === "upgrade") expect(event.silence).not.toBe("shelved");
        }
        expect(run.events.map(({ seq }) => seq)).toEqual(run.events.map((_, i) => i + 1));
      }),
      { numRuns: 300 },
    );
  });

  test("a checkpoint taken anywhere changes nothing of what follows", () => {
    fc.assert(
      fc.property(history, fc.nat(49), (steps, cut) => {
        const play = (restartAt: number) => {
          let run = new EngineRun(site, rules).at(0).boot();
          const table = new Table(latching);
          let at = 0;
          steps.forEach(({ wait, step: one }, i) => {
            if (i === restartAt) run = carryOut(run, table, at, { do: "restart" });
            at += wait;
            run = carryOut(run, table, at, one.do === "restart" ? { do: "read", grade: 0 } : one);
          });
          run.until(at + 30_000);
          return run.events;
        };
        expect(play(cut)).toEqual(play(-1));
      }),
      { numRuns: 200 },
    );
  });
});

test("an alarm that is raised after every silence has ended does not tell of one", () => {
  const run = new EngineRun(site, { gas: { applies: { channel: "gd.lel" }, above: LEVELS } }).at(0).boot();
  run.give({ verb: "out-of-service", subject: "gd", span: 3 * SECOND, work: "maintenance" });
  run.give({ verb: "shelve", rule: "gas", subject: "gd.lel", span: 3 * SECOND });
  run.at(4).read("gd.lel", 60);
  expect(run.events.at(-1)).toMatchObject({ rule: "gas", transition: "raise" });
  expect(run.events.at(-1)).not.toHaveProperty("until");
});

test("what ends in the instant in which it is looked at has ended", () => {
  const run = new EngineRun(site, { gas: { applies: { channel: "gd.lel" }, above: LEVELS } }).at(0).boot();
  run.at(1).read("gd.lel", 60);
  run.give({ verb: "shelve", rule: "gas", subject: "gd.lel", occurrence: 1, span: 5 * SECOND });
  run.at(6).read("gd.lel", 0);
  expect(run.told().slice(2)).toEqual(["6 gas@gd.lel unshelve red", "6 gas@gd.lel return red"]);
  expect(run.events.at(-2)?.time).toBe(START + 6 * SECOND);
});
