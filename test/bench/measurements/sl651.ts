import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { crc16 } from "../../../drivers/crc16.ts";
import { writeReport } from "../../../drivers/sl651/body-writer.ts";
import { ETX, FUNCTION } from "../../../drivers/sl651/control.ts";
import { writeFrame } from "../../../drivers/sl651/frame-writer.ts";
import { HOUR, MILLISECOND } from "../../../model/time.ts";
import { freePort } from "../../support/free-port.ts";
import { startGateway } from "../../support/gateway-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { type Measurement, type Progress, type Row, verdict } from "../measurement.ts";
import { usageOf } from "../process-usage.ts";
import { mebibytes, round3 } from "../table.ts";

const GOAL = 20_000;
const STATIONS = 64;
/** Reports of one station on their way: as many as the server holds for a connection. */
const WINDOW = 60;
const SECONDS = 10;
/** Stations that are connected at once, and what the gateway may weigh then. */
const CONNECTED = 2_000;
const MEMORY_GOAL = 300 * 2 ** 20;
/** The backlog of a listening socket is 511. */
const ARRIVE_TOGETHER = 100;
const STARTED_MS = 60_000;
const SETTLE_SECONDS = 2;
const WARM_UP_SECONDS = 2;
/** Serial number, time and the rest of a confirmation, bytes. */
const CONFIRMATION_BYTES = 25;
/** Where the serial number stands in a frame; and the digits of the level, counted from its end: then come guide, definition and
 * two bytes of the voltage, ETX and CRC. */
const SERIAL_AT = 14;
const LEVEL_BEFORE_END = 11;

const SITE = (port: number, stations: number) => `
site: { id: bench, name: { zh: 试验台, en: Bench } }
http: { enabled: false }
links: { rtu: { type: sl651-server, listen: "127.0.0.1:${port}" } }
points: { river: { name: { zh: 河, en: River }, domain: water } }
devices:
${Array.from({ length: stations }, (_, n) => `  r${n}: { profile: sl651-river, link: rtu, point: river, address: { station: "${address(n)}" } }`).join("\n")}
rules:
  flood: { name: 洪水, applies: { quantity: water_level }, above: { yellow: 174, orange: 175, red: 176 }, basis: bench, guidance: { zh: 处置, en: Act } }
`;

function address(n: number): string {
  return String(1_000 + n).padStart(10, "0");
}

/** Reports of SL 651 stations, each confirmed when it is on disk; and many stations that stay connected. */
export const sl651: Measurement = {
  id: "sl651",
  run: async (progress) => [await reports(progress), await connected(progress)],
};

async function reports(progress: Progress): Promise<Row> {
  using folder = temporaryFolder("bench");
  const port = await freePort();
  await using _gateway = await startGateway(writeSite(folder, port, STATIONS));
  progress(`${STATIONS} stations`);
  const stations = await Promise.all(
    Array.from({ length: STATIONS }, (_, n) => Talker.dial({ port, n, window: WINDOW })),
  );
  const confirmed = () => stations.reduce((sum, station) => sum + station.confirmed, 0);
  await seconds(WARM_UP_SECONDS);
  const from = confirmed();
  const began = performance.now();
  await seconds(SECONDS);
  const rate = ((confirmed() - from) * 1_000) / (performance.now() - began);
  for (const station of stations) station.stop();
  return {
    what: "SL 651: reports of four elements decoded, accepted durably and confirmed",
    goal: `≥ ${GOAL} frames/s`,
    measured: `${round3(rate)} frames/s, ${round3(rate * READINGS)} readings/s`,
    verdict: verdict(rate >= GOAL),
    figures: { frames_per_second: rate, readings_per_second: rate * READINGS },
  };
}

async function connected(progress: Progress): Promise<Row> {
  using folder = temporaryFolder("bench");
  const port = await freePort();
  progress(`${CONNECTED} stations connected`);
  await using gateway = await startGateway(writeSite(folder, port, CONNECTED), { withinMs: STARTED_MS });
  const pid = gateway.child.process.pid!;
  const before = usageOf(pid).resident;
  const stations: Talker[] = [];
  while (stations.length < CONNECTED) {
    const crowd = Array.from({ length: ARRIVE_TOGETHER }, (_, n) =>
      Talker.dial({ port, n: stations.length + n, window: 1 }),
    );
    for (const station of await Promise.all(crowd)) {
      station.fallSilent();
      stations.push(station);
    }
    await until("they are heard", () => stations.every(({ confirmed }) => confirmed > 0));
  }
  await seconds(SETTLE_SECONDS);
  const open = stations.filter((station) => station.open).length;
  const { resident } = usageOf(pid);
  for (const station of stations) station.stop();
  return {
    what: `${CONNECTED} SL 651 stations connected at once, each with ${CHANNELS} channels`,
    goal: `≤ ${mebibytes(MEMORY_GOAL)}`,
    measured: `${open} connected, ${mebibytes(resident)} (${mebibytes(before)} before they came)`,
    verdict: verdict(open === CONNECTED && resident <= MEMORY_GOAL),
    figures: { connected: open, resident_bytes: resident, resident_bytes_before: before },
  };
}

/** Channels of the profile sl651-river. */
const CHANNELS = 15;
/** Readings of one report: level, two of rain, voltage. */
const READINGS = 4;

function writeSite(folder: TemporaryFolder, port: number, stations: number): string {
  const file = folder.join("site.yaml");
  writeFileSync(file, SITE(port, stations));
  return file;
}

function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1_000));
}

/** A station that always has a window of reports on their way, until it falls silent. */
class Talker {
  confirmed = 0;
  readonly #socket: ReturnType<typeof connect>;
  readonly #template: Buffer;
  #serial = 0;
  #bytes = 0;
  #stopped = false;

  static async dial({ port, n, window }: { port: number; n: number; window: number }): Promise<Talker> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    return new Talker(socket, { station: Number.parseInt(address(n), 16), window });
  }

  private constructor(
    socket: ReturnType<typeof connect>,
    { station, window }: { station: number; window: number },
  ) {
    this.#socket = socket;
    this.#template = template(station);
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      this.#bytes += chunk.length;
      const done = Math.floor(this.#bytes / CONFIRMATION_BYTES);
      this.#bytes -= done * CONFIRMATION_BYTES;
      this.confirmed += done;
      if (!this.#stopped) this.#report(done);
    });
    this.#report(window);
  }

  get open(): boolean {
    return this.#socket.readyState === "open";
  }

  /** Reports no more, and stays connected. */
  fallSilent(): void {
    this.#stopped = true;
  }

  stop(): void {
    this.fallSilent();
    this.#socket.destroy();
  }

  #report(count: number): void {
    const frames = Array.from({ length: count }, () => this.#frame());
    this.#socket.write(Buffer.concat(frames));
  }

  /** The same report with another serial number and level: making each anew would measure the making. */
  #frame(): Buffer {
    this.#serial = (this.#serial % 0xffff) + 1;
    const raw = Buffer.from(this.#template);
    raw.writeUInt16BE(this.#serial, SERIAL_AT);
    const digits = String(170_000 + (this.#serial % 1_000)).padStart(8, "0");
    raw.write(digits, raw.length - LEVEL_BEFORE_END, "hex");
    raw.writeUInt16BE(crc16(raw, 0, raw.length - 2), raw.length - 2);
    return raw;
  }
}

/** A report of four elements, the level before the voltage. */
function template(station: number): Buffer {
  const now = Date.now() * MILLISECOND;
  const elements = [
    { guide: 0x20, value: 4 },
    { guide: 0x26, value: 400.5 },
    { guide: 0x39, value: 170 },
    { guide: 0x38, value: 10.99 },
  ];
  const stations = [{ address: station, category: 0x48, groups: [{ observed: now, elements }] }];
  const body = writeReport({ serial: 1, sent: now, stations }, { encoding: "hex", offset: 8 * HOUR });
  return writeFrame({
    encoding: "hex",
    up: true,
    centre: 1,
    station,
    password: 0,
    code: FUNCTION.timed,
    packet: undefined,
    body,
    end: ETX,
  });
}
