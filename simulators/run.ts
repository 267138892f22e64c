import { resolve } from "node:path";
import { InternalError } from "../model/error.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../model/time.ts";
import type { Cast } from "./cast.ts";
import { type Endpoint, parseEndpoint } from "./endpoint.ts";
import type { Instrument } from "./instrument.ts";
import { Playbill } from "./playbill.ts";
import type { Player, Reached } from "./player.ts";
import { type RehearsalOptions, rehearse } from "./rehearsal.ts";
import type { ScenarioLink } from "./scenario.ts";
import type { SimulationEvent } from "./simulation-event.ts";
import { Stage } from "./stage.ts";
import { Story } from "./story.ts";

export interface RunOptions extends RehearsalOptions {
  readonly clock: Clock;
  /** Seconds of the scenario in one second of the clock. Default 1. */
  readonly speed?: number | undefined;
  readonly onEvent?: ((event: SimulationEvent) => void) | undefined;
  /** Reads a password named `env:NAME` or `file:PATH`. */
  readonly secret?: ((reference: string) => string) | undefined;
}

/** A scenario that runs. */
export interface Simulation {
  readonly devices: readonly Reached[];
  /** Where the instruments of a TCP link listen, by link id; the real port where 0 was asked for. */
  readonly ports: ReadonlyMap<string, Endpoint>;
  /** What a channel measures now, by its key (`gd-01.lel`), before any fault of the wire; for comparisons. */
  value(key: string): number | undefined;
  /** Ends everything; resolves when ports are free and devices have signed off. */
  stop(): Promise<void>;
}

/** Longest time that stopping waits for brokers and serial ports. */
const STOP_WITHIN: Micros = 3 * SECOND;

/**
 * Starts a scenario: its instruments answer and publish, and the story begins.
 * @throws ConfigurationError CONFIG_INVALID with one line a problem; HostError ADDRESS_IN_USE or ADDRESS_UNAVAILABLE.
 */
export async function runScenario(options: RunOptions): Promise<Simulation> {
  const { scenario, clock, onEvent = () => {} } = options;
  const { tick, repeat } = scenario.scenario;
  const stage = new Stage({ clock, division: { tick, repeat }, speed: options.speed ?? 1 });
  const story = new Story(scenario.scenario);
  const { cast, instruments } = rehearse(options, story);
  const players = await createPlayers(cast, instruments, { options, stage, onEvent });
  const playbill = new Playbill({ story, stage, players, onEvent });
  const started: Player[] = [];
  try {
    for (const player of players) {
      started.push(player);
      await player.start();
    }
  } catch (failure) {
    await Promise.allSettled(started.map((player) => player.stop()));
    throw failure;
  }
  stage.begin();
  playbill.begin();

  return {
    devices: players.flatMap((player) => player.reached()),
    ports: new Map(
      players.flatMap((player) =>
        player.endpoint === undefined ? [] : [[player.link, player.endpoint] as const],
      ),
    ),
    value: (key) => {
      for (const instrument of instruments) {
        const index = instrument.device.channels.findIndex((channel) => channel.key === key);
        if (index >= 0) return instrument.says(index, stage.moment()).value;
      }
      return undefined;
    },
    stop: async () => {
      playbill.end();
      stage.end();
      await bounded(clock, Promise.allSettled(players.map((player) => player.stop())));
    },
  };
}

/** One player a link. Loads the libraries of those kinds only that are there. */
async function createPlayers(
  cast: Cast,
  instruments: readonly Instrument[],
  {
    options,
    stage,
    onEvent,
  }: { options: RunOptions; stage: Stage; onEvent: (event: SimulationEvent) => void },
): Promise<Player[]> {
  const players: Player[] = [];
  for (const [id, link] of cast.links) {
    const own = instruments.filter(({ device }) => device.link === id);
    if (own.length === 0) continue;
    const trouble = (where: string, words: string): void =>
      onEvent({ kind: "trouble", at: stage.elapsed, where, words });
    players.push(await createPlayer(id, link, { own, options, stage, onEvent, trouble }));
  }
  return players;
}

async function createPlayer(
  id: string,
  link: ScenarioLink,
  around: {
    own: readonly Instrument[];
    options: RunOptions;
    stage: Stage;
    onEvent: (event: SimulationEvent) => void;
    trouble: (where: string, words: string) => void;
  },
): Promise<Player> {
  const { own, options, stage, onEvent, trouble } = around;
  const every = (device: string) => options.scenario.scenario.devices[device]?.every;
  const onConnection = (device: string, connected: boolean): void =>
    onEvent({ kind: "connection", at: stage.elapsed, device, connected });
  /** What players of devices that speak by themselves have in common. */
  const speaking = { instruments: own, every, stage, onConnection, onTrouble: trouble };
  switch (link.type) {
    case "modbus-tcp":
    case "modbus-rtu-over-tcp":
    case "modbus-ascii-over-tcp": {
      const { ModbusTcpPlayer } = await import("./modbus-tcp-player.ts");
      return new ModbusTcpPlayer(id, {
        type: link.type,
        endpoint: parseEndpoint(link.listen),
        unknownUnit: link.unknownUnit,
        instruments: own,
        stage,
        onTrouble: (words) => trouble(`link@${id}`, words),
      });
    }
    case "modbus-dial-in": {
      const { ModbusModemPlayer } = await import("./modbus-modem-player.ts");
      const { framingOf } = await import("./modbus-frame.ts");
      return new ModbusModemPlayer(id, {
        server: parseEndpoint(link.server),
        framing: framingOf(link.framing),
        modems: link.modems,
        heartbeat: link.heartbeat,
        instruments: own,
        stage,
      });
    }
    case "modbus-rtu":
    case "modbus-ascii": {
      const { ModbusSerialPlayer } = await import("./modbus-serial-player.ts");
      const { path, pair } = link;
      const { folder } = options.scenario;
      return new ModbusSerialPlayer(id, {
        type: link.type,
        settings: { ...link, path: resolve(folder, path) },
        pair: pair === undefined ? undefined : resolve(folder, pair),
        unknownUnit: link.unknownUnit,
        instruments: own,
        stage,
        onTrouble: (words) => trouble(`link@${id}`, words),
      });
    }
    case "gb26875": {
      const { Gb26875Player } = await import("./gb26875-player.ts");
      return new Gb26875Player(id, {
        centre: parseEndpoint(link.centre),
        transport: link.transport,
        instruments: own,
        stage,
        onConnection,
      });
    }
    case "mqtt": {
      const { MqttPlayer } = await import("./mqtt-player.ts");
      return new MqttPlayer(id, {
        access: accessOf(link, options),
        ...speaking,
      });
    }
    case "sparkplug": {
      const { SparkplugPlayer } = await import("./sparkplug-player.ts");
      return new SparkplugPlayer(id, {
        ...accessOf(link, options),
        ...speaking,
      });
    }
    case "hj212": {
      const { CallerPlayer } = await import("./caller-player.ts");
      const { Hj212Caller } = await import("./hj212-caller.ts");
      const password = link.password === undefined ? undefined : secretOf(link.password, options);
      const server = parseEndpoint(link.server);
      return new CallerPlayer(id, {
        callers: own.map(
          (own) => new Hj212Caller(own, { server, password, every: every(own.device.id), stage }),
        ),
        onConnection,
        onTrouble: trouble,
      });
    }
    case "http-push": {
      const { HttpPlayer } = await import("./http-player.ts");
      return new HttpPlayer(id, {
        server: parseEndpoint(link.server),
        sources: link.sources,
        secret: (reference) => secretOf(reference, options),
        ...speaking,
      });
    }
    case "lorawan": {
      const { LoraPlayer } = await import("./lora-player.ts");
      return new LoraPlayer(id, {
        access: accessOf(link, options),
        server: link.server,
        ...speaking,
      });
    }
    case "szy206": {
      const { CallerPlayer } = await import("./caller-player.ts");
      const { Szy206Caller } = await import("./szy206-caller.ts");
      const server = parseEndpoint(link.server);
      return new CallerPlayer(id, {
        callers: own.map((own) => new Szy206Caller(own, { server, every: every(own.device.id), stage })),
        onConnection,
        onTrouble: trouble,
      });
    }
    case "sl651": {
      const { Sl651Player } = await import("./sl651-player.ts");
      return new Sl651Player(id, {
        server: parseEndpoint(link.server),
        password: link.password === undefined ? 0 : Number.parseInt(secretOf(link.password, options), 16),
        ...speaking,
      });
    }
  }
}

/** How a broker is reached. */
function accessOf(
  { url, username, password }: { url: string; username?: string | undefined; password?: string | undefined },
  options: RunOptions,
) {
  return {
    url,
    username,
    password: password === undefined ? undefined : secretOf(password, options),
  };
}

function secretOf(reference: string, { secret }: RunOptions): string {
  if (secret === undefined)
    throw new InternalError("INTERNAL", "a password is needed and nobody can read it");
  return secret(reference);
}

async function bounded(clock: Clock, work: Promise<unknown>): Promise<void> {
  let timer: Timer | undefined;
  const late = new Promise<void>((resolve) => {
    timer = clock.after(STOP_WITHIN, resolve);
  });
  await Promise.race([work, late]);
  timer?.cancel();
}
