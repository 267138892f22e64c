import { MILLISECOND, SECOND } from "../../../model/time.ts";
import { datasetPath } from "../../servers/datasets.ts";
import { configurationOf, playTable } from "./recorded-site.ts";
import { markdown, median, rowsOf } from "./rows.ts";

/*
 * The NIST home smoke alarm tests: rules on smoke, temperature and CO beside the activation of commercial alarms, room by room.
 */

export const FIRES = "nist-smoke-alarms";
const TESTS = ["SDC02", "SDC05", "SDC07", "SDC10", "SDC33", "SDC35", "SDC38", "SDC39"] as const;
const ROOMS = ["A", "B", "C", "D", "E"] as const;
/** Instant of second 0 of each record: only spans matter. */
const START = "2000-01-01T00:00:00Z";

const RULES = ["smoke", "heat", "co"] as const;
type RuleName = (typeof RULES)[number];

/** Delays of the rules, s. */
const ON_DELAY: Readonly<Record<RuleName, number>> = { smoke: 4, heat: 0, co: 10 };
/** A record begins at 0, 1 or 2 s. */
const FIRST_ROWS = 3;

/** Seconds at which each of them first alarmed in a room; NaN: not within the record. */
export type RoomResult = {
  readonly test: string;
  readonly room: string;
  readonly ionization: number;
  readonly photoelectric: number;
} & Readonly<Record<RuleName, number>> & { readonly measured: Readonly<Record<RuleName, boolean>> };

/** What our rules would have done in every room that has a commercial alarm which activated. */
export function fires(): RoomResult[] {
  const activations = rowsOf(FIRES, "activation_times.csv");
  return TESTS.flatMap((test) => {
    const first = firstAlarms(test);
    return ROOMS.flatMap((room) => {
      const own = activations.filter((row) => row.test === test && row.room === room);
      if (own.length === 0) return [];
      const earliest = (type: string) =>
        Math.min(...own.filter((row) => row.type === type).map(({ time_s }) => Number(time_s)));
      const at = (rule: RuleName) => first.get(`${rule} ${room}`) ?? Number.NaN;
      return [
        {
          test,
          room,
          ionization: finite(earliest("ionization")),
          photoelectric: finite(earliest("photoelectric")),
          smoke: at("smoke"),
          heat: at("heat"),
          co: at("co"),
          measured: {
            smoke: first.has(`smoke ${room}`),
            heat: first.has(`heat ${room}`),
            co: first.has(`co ${room}`),
          },
        },
      ];
    });
  });
}

/** First alarm by rule and room, s; NaN: measured there, and no alarm. */
function firstAlarms(test: string): Map<string, number> {
  const columns = Object.keys(rowsOf(FIRES, `${test}.csv`)[0] ?? {});
  const first = new Map<string, number>();
  const devices: Record<string, Record<string, Record<string, unknown>>> = {};
  const channels: Record<string, { channel: string; unit?: string }> = {};
  for (const column of columns) {
    const match = /^(SM|TC|GAS)([A-E])_(\d)$/.exec(column);
    if (match === null) continue;
    const [, kind, room, number] = match;
    // Of the gas analysers _1 is CO; of the trees of thermocouples the first hangs highest.
    if (kind !== "SM" && number !== "1") continue;
    const [rule, quantity, unit] =
      kind === "SM"
        ? (["smoke", "smoke_density", "1/m"] as const)
        : kind === "TC"
          ? (["heat", "temperature", "Cel"] as const)
          : (["co", "gas_ppm", "%vol"] as const);
    const device = `${room!.toLowerCase()}-${rule}-${number}`;
    const period = test === "SDC05" ? "5s" : "2s";
    devices[device] = { value: { quantity, period, ...(rule === "co" ? { gas: "CO" } : {}) } };
    channels[column] = { channel: `${device}.value`, unit };
    first.set(`${rule} ${room}`, Number.NaN);
  }
  const configuration = configurationOf({
    domain: "fire",
    devices,
    rules: {
      // 0.5 dB/m.
      smoke: {
        applies: { quantity: "smoke_density" },
        above: { red: 0.05 },
        onDelay: `${ON_DELAY.smoke}s`,
        deadband: 0.01,
      },
      heat: {
        applies: { quantity: "temperature" },
        rate: { window: "30s", per: "minute", above: { red: 10 } },
      },
      co: { applies: { quantity: "gas_ppm" }, above: { red: 60 }, onDelay: `${ON_DELAY.co}s`, deadband: 10 },
    },
  });
  const { events } = playTable(configuration, datasetPath(FIRES, `${test}.csv`), {
    time: { column: "TIME", format: "seconds", start: START },
    channels,
  });
  for (const { transition, rule, subject, time } of events) {
    if (transition !== "raise" || !RULES.includes(rule as RuleName)) continue;
    const key = `${rule} ${subject.charAt(0).toUpperCase()}`;
    const seconds = (time - Date.parse(START) * MILLISECOND) / SECOND;
    if (!(first.get(key)! <= seconds)) first.set(key, seconds);
  }
  return first;
}

/** Alarms that stood from the first row on: the instrument has an offset, or the record begins too late. */
export function standingFromTheStart(results: readonly RoomResult[]): string[] {
  return results.flatMap((result) =>
    RULES.filter((rule) => result[rule] <= ON_DELAY[rule] + FIRST_ROWS).map(
      (rule) => `${result.test} ${result.room} ${rule}`,
    ),
  );
}

/** One row a room. */
export function firesTable(results: readonly RoomResult[]): string {
  return markdown(
    [
      "test",
      "room",
      "ionization alarm",
      "photoelectric alarm",
      "smoke ≥ 0.05/m",
      "rise ≥ 10 °C/min",
      "CO ≥ 60 ppm",
    ],
    results.map((result) => [
      result.test,
      result.room,
      seconds(result.ionization),
      seconds(result.photoelectric),
      ...RULES.map((rule) => (result.measured[rule] ? seconds(result[rule]) : "not measured")),
    ]),
  );
}

/** How each rule does against the first commercial alarm of either kind. */
export function firesSummary(results: readonly RoomResult[]): string {
  return markdown(
    [
      "rule",
      "rooms measured",
      "alarmed within the record",
      "median lead over the first photoelectric alarm",
      "median lead over the first ionization alarm",
      "before any commercial alarm",
    ],
    RULES.map((rule) => {
      const measured = results.filter((result) => result.measured[rule]);
      const alarmed = measured.filter((result) => !Number.isNaN(result[rule]));
      const lead = (type: "photoelectric" | "ionization") =>
        median(alarmed.map((result) => result[type] - result[rule]).filter((value) => !Number.isNaN(value)));
      const before = alarmed.filter((result) => result[rule] < earliest(result)).length;
      return [
        rule,
        measured.length,
        alarmed.length,
        signed(lead("photoelectric")),
        signed(lead("ionization")),
        before,
      ];
    }),
  );
}

function earliest({ ionization, photoelectric }: RoomResult): number {
  return Math.min(...[ionization, photoelectric].filter((value) => !Number.isNaN(value)));
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

function seconds(value: number): string {
  return Number.isNaN(value) ? "–" : `${Number(value.toFixed(1))} s`;
}

function signed(value: number): string {
  return Number.isNaN(value) ? "–" : `${value > 0 ? "+" : ""}${Number(value.toFixed(1))} s`;
}
