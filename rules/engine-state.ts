import type { Micros } from "../model/time.ts";
import { type AlarmRecord, recordOf } from "./alarm.ts";
import type { AlarmBook } from "./alarm-book.ts";
import type { Cases, CasesState } from "./cases/cases.ts";
import type { ChannelMemory, ChannelMemoryState } from "./channel-memory.ts";
import type { OutsideInputs, OutsideInputsState } from "./circumstance/outside-inputs.ts";
import type { ClockFaults } from "./clock-fault.ts";
import type { Evaluation, EvaluationState } from "./evaluation.ts";
import type { EventStream, StreamState } from "./event-stream.ts";
import type { Recalled } from "./input.ts";
import type { InstrumentFaultState, InstrumentFaults } from "./instrument-fault.ts";
import type { LifeCycle, LifeCycleState } from "./life-cycle/life-cycle.ts";
import type { Monitoring } from "./monitoring/monitoring.ts";
import type { MonitoringState } from "./monitoring/state.ts";
import type { SelfTest, SelfTestState } from "./self-test.ts";
import type { Withdrawal } from "./withdrawal.ts";

/** Everything a restart needs besides the journal behind it; plain data, JSON-safe, by keys and never by indices. */
export interface EngineState {
  readonly version: 1;
  /** null: nothing has been evaluated yet. */
  readonly now: Micros | null;
  readonly boot: string;
  readonly stream: StreamState;
  readonly alarms: readonly AlarmRecord[];
  readonly evaluation: EvaluationState;
  readonly monitoring: MonitoringState;
  readonly faults: InstrumentFaultState;
  readonly clocks: readonly string[];
  /** Absent: of a time when there were none. */
  readonly cases?: CasesState;
  readonly selfTest?: SelfTestState;
  readonly channels: ChannelMemoryState;
  /** States of before there were outside sources have none. */
  readonly outside?: OutsideInputsState;
  /** Absent in the states of earlier editions. */
  readonly lifeCycle?: LifeCycleState;
}

/** The parts of an engine that remember something. */
export interface RememberingParts {
  readonly memory: ChannelMemory;
  readonly stream: EventStream;
  readonly book: AlarmBook;
  readonly withdrawal: Withdrawal;
  readonly evaluation: Evaluation;
  readonly monitoring: Monitoring;
  readonly faults: InstrumentFaults;
  readonly clocks: ClockFaults;
  readonly outside: OutsideInputs;
  readonly lifeCycle: LifeCycle;
  readonly cases: Cases | undefined;
  readonly selfTest: SelfTest;
}

/** Writes down what the parts remember. */
export function captureState(parts: RememberingParts, clock: Pick<EngineState, "now" | "boot">): EngineState {
  const { memory, book } = parts;
  return {
    version: 1,
    ...clock,
    stream: parts.stream.state(),
    alarms: [
      ...book
        .ordered()
        .flatMap((alarm) => (alarm.occurrence > 0 || alarm.shelf !== undefined ? [alarm.record()] : [])),
      ...parts.withdrawal.waiting,
    ],
    evaluation: parts.evaluation.state(),
    monitoring: parts.monitoring.state(),
    faults: parts.faults.state(),
    clocks: parts.clocks.state(),
    outside: parts.outside.state(),
    lifeCycle: parts.lifeCycle.state(),
    ...(parts.cases === undefined ? {} : { cases: parts.cases.state() }),
    selfTest: parts.selfTest.state(),
    channels: memory.state(),
  };
}

/** Gives it back to the parts of a fresh engine. Alarms come first: the others refer to them. */
export function restoreState(state: EngineState, parts: RememberingParts): void {
  parts.stream.restore(state.stream);
  parts.outside.restore(state.outside ?? {});
  restoreAlarms(state.alarms, parts);
  parts.memory.restore(state.channels);
  parts.evaluation.restore(state.evaluation, state.now ?? Number.NEGATIVE_INFINITY);
  parts.monitoring.restore(state.monitoring);
  parts.faults.restore(state.faults);
  parts.clocks.restore(state.clocks);
  if (state.cases !== undefined) parts.cases?.restore(state.cases);
  if (state.selfTest !== undefined) parts.selfTest.restore(state.selfTest);
}

/**
 * Takes back what was forgotten: an alarm stands as its last event left it, and its condition counts as present until a reading
 * says otherwise. What no condition stands behind (an instrument's fault) ends with `withdraw` at this boot and is raised anew.
 */
export function recall(recalled: Recalled, parts: RememberingParts): void {
  parts.stream.recall(recalled);
  const orphans = new Set(parts.withdrawal.waiting.map(({ occurrence }) => occurrence));
  const forgotten = recalled.standing.filter(({ occurrence }) => !orphans.has(occurrence));
  restoreAlarms(forgotten.map(recordOf), parts);
  parts.evaluation.recall(forgotten);
  parts.monitoring.recall();
  if (recalled.cases !== undefined) parts.cases?.recall(recalled.cases);
}

function restoreAlarms(records: readonly AlarmRecord[], parts: RememberingParts): void {
  const ofRules = parts.evaluation.alarms();
  for (const record of records) {
    const alarm = ofRules.get(`${record.rule} ${record.subject}`)?.() ?? parts.book.builtInOf(record);
    if (alarm !== undefined) alarm.restore(record);
    else if (record.state !== "normal") parts.withdrawal.keep(record);
  }
}
