import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { runChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { requireProgram } from "./available.ts";
import { ServerProcess } from "./server-process.ts";

/** Options of {@link startMosquitto}. */
export interface MosquittoOptions {
  /** Names and passwords; anonymous clients are refused when there are any. */
  users?: Record<string, string>;
  /** Lines of an access list (`user gateway`, `topic readwrite tocsin/#`, …). */
  access?: string[];
  /** Whether sessions, queues and retained messages outlive a restart. */
  persistence?: boolean;
  /** QoS 1 and 2 messages that may be unacknowledged by one client; the program's own default is 20. */
  maxInflight?: number;
  /** Further lines of the configuration file, e.g. `max_queued_messages 100000`. */
  lines?: string[];
}

/** A Mosquitto broker of one test. */
export interface Mosquitto extends AsyncDisposable {
  /** `mqtt://127.0.0.1:<port>` */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly server: ServerProcess;
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Stops it in good order and starts it again on its port; with persistence nothing is lost. */
  restart(): Promise<void>;
  /** Stops it and removes its folder. */
  close(): Promise<void>;
}

/** Starts Debian's `mosquitto` 2.0 with a configuration of its own. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const folder = temporaryFolder("mosquitto");
  const passwords = folder.join("passwords");
  const access = folder.join("access");
  const users = Object.entries(options.users ?? {});
  if (users.length > 0) {
    writeFileSync(passwords, users.map(([name, password]) => `${name}:${password}\n`).join(""), {
      mode: 0o600,
    });
    const hashed = await runChild(requireProgram("mosquitto_passwd"), ["-U", passwords]);
    if (hashed.code !== 0) throw new Error(`mosquitto_passwd failed: ${hashed.stderr.join("\n")}`);
  }
  if (options.access) writeFileSync(access, `${options.access.join("\n")}\n`, { mode: 0o600 });

  const configuration = (port: number) => [
    `listener ${port} 127.0.0.1`,
    // As root it would otherwise become the user "mosquitto", who may not enter our folder.
    "user root",
    "set_tcp_nodelay true",
    "log_dest stderr",
    "log_type error",
    "log_type warning",
    "log_type notice",
    "log_type information",
    `allow_anonymous ${users.length === 0}`,
    ...(users.length > 0 ? [`password_file ${passwords}`] : []),
    ...(options.access ? [`acl_file ${access}`] : []),
    `persistence ${options.persistence === true}`,
    `persistence_location ${folder.path}/`,
    ...(options.maxInflight === undefined ? [] : [`max_inflight_messages ${options.maxInflight}`]),
    ...(options.lines ?? []),
  ];
  const server = await ServerProcess.start({
    name: "mosquitto",
    ports: 1,
    command: ([port]) => {
      const file = folder.join("mosquitto.conf");
      writeFileSync(file, `${configuration(port ?? 0).join("\n")}\n`);
      return { command: requireProgram("mosquitto"), args: ["-c", file] };
    },
    bound: /^\d+: mosquitto version .* running$/,
    answers: ([port]) => answersConnect(port ?? 0),
  });
  const close = async () => {
    await server.stop();
    folder.remove();
  };
  return {
    url: `mqtt://127.0.0.1:${server.port()}`,
    host: "127.0.0.1",
    port: server.port(),
    server,
    stop: () => server.stop(),
    kill: () => server.kill(),
    start: () => server.start(),
    restart: () => server.restart(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** CONNECT of MQTT 3.1.1 (section 3.1): clean session, keep alive 10 s, client id "ready". */
const connectPacket = Buffer.from("101100044d5154540402000a00057265616479", "hex");

/** The first byte of a CONNACK (section 3.2). A refusal for want of a password is an answer, too. */
const connack = 0x20;

const answerDeadlineMs = 1_000;

function answersConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", timeout: answerDeadlineMs });
    const answer = (good: boolean) => {
      socket.destroy();
      resolve(good);
    };
    socket.once("connect", () => socket.write(connectPacket));
    socket.once("data", (bytes) => answer(bytes[0] === connack));
    socket.once("timeout", () => answer(false));
    socket.once("error", () => answer(false));
    socket.once("close", () => answer(false));
  });
}
