import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import type { Clock } from "../../model/time.ts";
import { type RunOptions, runScenario, type Simulation } from "../../simulators/run.ts";
import { parseScenario } from "../../simulators/scenario-file.ts";
import type { SimulationEvent } from "../../simulators/simulation-event.ts";
import { ManualClock } from "../support/manual-clock.ts";

/** A scenario that runs for a test, by a clock that the test moves. */
export interface Played extends AsyncDisposable {
  readonly simulation: Simulation;
  readonly clock: ManualClock;
  readonly events: readonly SimulationEvent[];
  /** Port of a TCP link. */
  port(link: string): number;
}

/** The profiles that come with Tocsin. */
export const profiles = loadProfiles([BUILT_IN_PROFILES]).profiles;

/** Starts a scenario from its text. */
export async function play(
  text: string,
  options: Partial<RunOptions> & { file?: string; clock?: ManualClock } = {},
): Promise<Played> {
  const clock = options.clock ?? new ManualClock();
  const events: SimulationEvent[] = [];
  const simulation = await runScenario({
    profiles,
    onEvent: (event) => events.push(event),
    ...options,
    clock: clock satisfies Clock,
    scenario: parseScenario(text, { file: options.file ?? "/scenario.yaml", shown: "scenario.yaml" }),
  });
  return {
    simulation,
    clock,
    events,
    port: (link) => {
      const endpoint = simulation.ports.get(link);
      if (endpoint === undefined) throw new Error(`link ${link} does not listen`);
      return endpoint.port;
    },
    [Symbol.asyncDispose]: () => simulation.stop(),
  };
}
