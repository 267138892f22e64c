import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Profile } from "../drivers/profile.ts";
import { ConfigurationError, describe } from "../model/error.ts";
import { calmSignal } from "./calm.ts";
import { assembleCast, type Cast, type SiteInstruments } from "./cast.ts";
import { checkScenario } from "./check.ts";
import { Instrument, type PlayedChannel, type PlayedDevice } from "./instrument.ts";
import { type Recording, readRecording } from "./recording.ts";
import { calmByStatus, greatestOf } from "./register-image.ts";
import { type LoadedScenario, type ScenarioProblem, scenarioError } from "./scenario-file.ts";
import type { Recorded, SignalPart } from "./signal-schema.ts";
import type { Story } from "./story.ts";

/** What a scenario is checked against. */
export interface RehearsalOptions {
  readonly scenario: LoadedScenario;
  /** The site that the scenario names, loaded; needed when it names one. */
  readonly site?: SiteInstruments | undefined;
  /** Profiles by id, for devices that are not of the site. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Instead of the scenario's. */
  readonly seed?: number | undefined;
}

/** A recording is read into memory whole; longer ones should be cut. */
const LARGEST_RECORDING = 64 * 1024 * 1024;

/**
 * Checks a scenario against its site and profiles without starting anything.
 * @throws ConfigurationError CONFIG_INVALID with one line a problem.
 */
export function rehearse(options: RehearsalOptions, story: Story): { cast: Cast; instruments: Instrument[] } {
  const { scenario, site, profiles } = options;
  const problems: ScenarioProblem[] = [];
  const report = (problem: ScenarioProblem): void => {
    problems.push(problem);
  };
  const cast = assembleCast({ scenario: scenario.scenario, site, profiles, report });
  checkScenario(scenario.scenario, cast, report);
  if (cast.devices.length === 0 && problems.length === 0) {
    report({
      path: ["devices"],
      message: "no device is played",
      hint: "name a site file, or devices with profiles",
    });
  }
  if (problems.length > 0) throw scenarioError(problems, scenario.where);

  const recording = recordings(scenario.folder);
  const seed = options.seed ?? scenario.scenario.seed;
  const instruments = cast.devices.map(
    (device) =>
      new Instrument(device, {
        seed,
        story,
        entries: scenario.scenario.story,
        options: scenario.scenario.devices[device.id],
        calm: (channel) => calm(device, channel),
        recording,
      }),
  );
  return { cast, instruments };
}

function calm({ section }: PlayedDevice, channel: PlayedChannel): readonly SignalPart[] {
  if (!("modbus" in section)) return calmSignal(channel, Number.MAX_SAFE_INTEGER);
  return calmByStatus(channel, section.modbus) ?? calmSignal(channel, greatestOf(channel, section.modbus));
}

/** Recorded columns, each read once. */
function recordings(folder: string): (recorded: Recorded) => Recording {
  const texts = new Map<string, string>();
  const known = new Map<string, Recording>();
  return (recorded) => {
    const file = resolve(folder, recorded.file);
    const key = JSON.stringify([file, recorded.time, recorded.value, recorded.where]);
    let recording = known.get(key);
    if (recording === undefined) {
      const text = texts.get(file) ?? readText(file);
      texts.set(file, text);
      recording = readRecording(text, recorded, recorded.file);
      known.set(key, recording);
    }
    return recording;
  };
}

function readText(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigurationError("CONFIG_NOT_FOUND", `the recording cannot be read: ${describe(cause)}`, {
      cause,
    });
  }
  if (text.length > LARGEST_RECORDING) {
    throw new ConfigurationError(
      "CONFIG_SYNTAX",
      `${file} is too large to be played back; cut out the part you need`,
    );
  }
  return text;
}
