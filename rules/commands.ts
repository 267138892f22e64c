import type { Micros } from "../model/time.ts";
import type { AlarmBook } from "./alarm-book.ts";
import type { Cases } from "./cases/cases.ts";
import { decisionOf, type EventStream } from "./event-stream.ts";
import type { CommandInput, CommandOutcome, OccurrenceCommand } from "./input.ts";
import type { LifeCycle } from "./life-cycle/life-cycle.ts";
import type { SelfTest } from "./self-test.ts";

/** Carries out what a person has asked of an alarm, or says why not. */
export function execute(
  command: CommandInput,
  on: {
    book: AlarmBook;
    stream: EventStream;
    lifeCycle: LifeCycle;
    cases: Cases | undefined;
    selfTest: SelfTest;
  },
  now: Micros,
): CommandOutcome {
  const { lifeCycle } = on;
  switch (command.verb) {
    case "acknowledge":
    case "reset":
      return onOccurrence(command, on, now);
    case "shelve":
      return lifeCycle.shelving.shelve(command, now);
    case "unshelve":
      return lifeCycle.shelving.unshelve(command, now);
    case "out-of-service":
      return lifeCycle.service.takeOut(command, now);
    case "return-to-service":
      return lifeCycle.service.takeBack(command, now);
    case "self-test":
      return on.selfTest.begin(now, {
        within: command.within,
        user: command.user,
        ...(command.note === undefined ? {} : { note: command.note }),
      });
    case "respond":
    case "act":
    case "close":
      return on.cases?.execute(command, now) ?? { accepted: false, refusal: "not-supported" };
    case "proof-test":
      return lifeCycle.proofTests.done(command, now);
    case "open-permit":
      return lifeCycle.permits.open(command, now);
    case "close-permit":
      return lifeCycle.permits.close(command, now);
  }
}

function onOccurrence(
  command: OccurrenceCommand,
  on: { book: AlarmBook; stream: EventStream },
  now: Micros,
): CommandOutcome {
  const alarm = on.book.find(command.rule, command.subject);
  if (alarm === undefined) return { accepted: false, refusal: "unknown-alarm" };
  if (alarm.state === "normal") return { accepted: false, refusal: "not-active" };
  if (alarm.occurrence !== command.occurrence) return { accepted: false, refusal: "wrong-occurrence" };
  const done = command.verb === "acknowledge" ? alarm.acknowledge(command.user, now) : alarm.reset(now);
  if (typeof done === "string") return { accepted: false, refusal: done };
  on.stream.record(alarm, done, {
    ...decisionOf(alarm, now),
    user: command.user,
    ...(command.note === undefined ? {} : { note: command.note }),
  });
  return { accepted: true };
}
