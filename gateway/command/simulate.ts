import { resolve } from "node:path";
import type { Profile } from "../../drivers/profile.ts";
import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { ConfigurationError } from "../../model/error.ts";
import type { Text } from "../../model/text.ts";
import { formatDuration, SystemClock } from "../../model/time.ts";
import { loadConfiguration } from "../config/load.ts";
import { readSecret } from "../config/secret.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { print } from "./output.ts";
import { alignColumns } from "./table.ts";

export interface SimulateOptions {
  /** Seconds of the scenario in one second, as typed. */
  readonly speed?: string;
  /** Instead of the scenario's, as typed. */
  readonly seed?: string;
  /** One JSON object a line instead of a table and a story. */
  readonly json: boolean;
}

/** Faster than this, instruments would change between two requests of the quickest gateway. */
const GREATEST_SPEED = 10_000;
const GREATEST_SEED = 0xffff_ffff;

/** Beyond this many devices, their connections are not told one by one. */
const MANY_DEVICES = 20;

/** What the simulators tell; taken from them without loading them. */
type Simulators = typeof import("../../simulators/run.ts");
type LoadedScenario = ReturnType<typeof import("../../simulators/scenario-file.ts")["loadScenario"]>;
type SimulationEvent = Parameters<NonNullable<Parameters<Simulators["runScenario"]>[0]["onEvent"]>>[0];
type Simulation = Awaited<ReturnType<Simulators["runScenario"]>>;

/**
 * Plays the instruments of a scenario until the process is asked to stop (SIGINT, SIGTERM).
 * @throws ConfigurationError CONFIG_*, COMMAND_USAGE; HostError ADDRESS_IN_USE or ADDRESS_UNAVAILABLE.
 */
export async function simulate(path: string, options: SimulateOptions): Promise<ExitCode> {
  const speed = numberOption("--speed", options.speed, { low: 0.001, high: GREATEST_SPEED });
  const seed = numberOption("--seed", options.seed, { low: 0, high: GREATEST_SEED });
  const { loadScenario } = await import("../../simulators/scenario-file.ts");
  const { runScenario } = await import("../../simulators/run.ts");
  const scenario = loadScenario(path);
  const siteFile = scenario.scenario.site;
  const site = siteFile === undefined ? undefined : loadConfiguration(resolve(scenario.folder, siteFile));
  // The story begins while the instruments come up; the table of who listens where comes before it.
  const early: SimulationEvent[] = [];
  let tell = (event: SimulationEvent): void => {
    early.push(event);
  };
  const stop = new StopRequest();
  try {
    const simulation = await runScenario({
      scenario,
      site,
      profiles: profilesOf(scenario, site?.profiles),
      clock: new SystemClock(),
      speed,
      seed,
      secret: (reference) => readSecret(reference, scenario.folder),
      onEvent: (event) => tell(event),
    });
    if (options.json) print(JSON.stringify({ kind: "ready", devices: simulation.devices }));
    else print(cast(scenario.scenario.name, simulation));
    const many = simulation.devices.length > MANY_DEVICES;
    tell = (event) => {
      if (options.json) print(JSON.stringify(event));
      else if (event.kind !== "connection" || !many) tellPeople(event);
    };
    for (const event of early.splice(0)) tell(event);
    await stop.requested;
    await simulation.stop();
  } finally {
    stop.forget();
  }
  if (!options.json) print("stopped 已停止");
  return EXIT.ok;
}

/** Those of the site, or the ones that come with Tocsin; and those in the scenario's own folders. */
function profilesOf(
  { scenario, folder, where }: LoadedScenario,
  ofSite: ReadonlyMap<string, Profile> | undefined,
): ReadonlyMap<string, Profile> {
  if (scenario.profiles === undefined && ofSite !== undefined) return ofSite;
  const own = (scenario.profiles ?? []).map((path) => resolve(folder, path));
  const { profiles, problems } = loadProfiles([BUILT_IN_PROFILES, ...own]);
  if (problems.length > 0) {
    const lines = problems.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
    throw new ConfigurationError("PROFILE_INVALID", lines.join("\n"), {
      hint: `named at ${where(["profiles"])}; tocsin profile check says more`,
    });
  }
  return new Map([...(ofSite ?? []), ...profiles]);
}

function numberOption(
  name: string,
  text: string | undefined,
  { low, high }: { low: number; high: number },
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() !== "" && number >= low && number <= high) return number;
  throw new ConfigurationError("COMMAND_USAGE", `${name} ${text}: not a number from ${low} to ${high}`);
}

/** Nothing else may keep the process alive: timers of scenarios do not, and a device without a broker has no socket. */
const KEEP_ALIVE_MS = 60_000;

/** Waits for SIGINT or SIGTERM; a second one ends the process at once. */
class StopRequest {
  readonly requested: Promise<void>;
  readonly #alive = setInterval(() => {}, KEEP_ALIVE_MS);
  #hear: () => void = () => {};

  constructor() {
    this.requested = new Promise((resolve) => {
      this.#hear = () => {
        this.forget();
        resolve();
      };
    });
    for (const signal of SIGNALS) process.on(signal, this.#hear);
  }

  forget(): void {
    clearInterval(this.#alive);
    for (const signal of SIGNALS) process.off(signal, this.#hear);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Who listens where. */
function cast(name: Text | undefined, { devices }: Simulation): string {
  const rows = devices.map(({ device, name, profile, link, where }) => [
    device,
    both(name),
    profile,
    link,
    where,
  ]);
  const head = ["device 设备", "name 名称", "profile 型号", "link 链路", "where 位置"];
  const title = name === undefined ? [] : [both(name)];
  return [...title, alignColumns([head, ...rows]), "Ctrl-C stops 按 Ctrl-C 停止"].join("\n");
}

function both({ zh, en }: Text): string {
  return zh === en ? zh : `${zh} ${en}`;
}

function tellPeople(event: SimulationEvent): void {
  const time = formatDuration(Math.floor(event.at / 100_000) * 100_000).padStart(8);
  switch (event.kind) {
    case "say":
      print(`${time}  ${both(event.text)}`);
      break;
    case "fault": {
      const { zh, en } = event.text;
      const [fromZh, fromEn] = event.begins ? ["", ""] : ["恢复：", "over: "];
      print(`${time}  ${event.on}: ${fromZh}${zh} ${fromEn}${en}`);
      break;
    }
    case "repeat":
      print(`${time}  再次开始（第 ${event.cycle + 1} 遍） again (${event.cycle + 1})`);
      break;
    case "end":
      print(`${time}  情节结束，设备保持现状 the story is over; the instruments stay as they are`);
      break;
    case "connection":
      print(`${time}  ${event.device}: ${event.connected ? "已连接 connected" : "连接断开 disconnected"}`);
      break;
    case "trouble":
      print(`${time}  ${event.where}: ${event.words}`);
      break;
  }
}
