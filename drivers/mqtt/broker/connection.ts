import { randomInt } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Client } from "aedes";
import { Gate, type GateOptions } from "../gate.ts";
import type { Origin } from "../reception.ts";
import type { Identity } from "./access.ts";

/** A last will as its client declared it. */
export interface Will {
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly retain: boolean;
  readonly qos: number;
}

/** Seeds are 32 bits wide. */
const SEEDS = 2 ** 32;

/** One client's connection: the gate that the library writes to, and what we know of who is behind it. */
export class Connection extends Gate implements Origin {
  readonly peer: string;
  /** Set when the client has logged in. */
  identity: Identity | undefined;
  clientId = "";
  seed = 0;
  /** The session ends with the connection; set before the log-in. */
  cleanSession = true;
  will: Will | undefined;
  /** QoS 2 publications between PUBLISH and PUBCOMP: their repeats on this connection are not entered again. */
  readonly exactlyOnce: Set<number>;

  constructor(options: Omit<GateOptions, "onComplete">) {
    const exactlyOnce = new Set<number>();
    super({ ...options, onComplete: (packetId) => exactlyOnce.delete(packetId) });
    this.exactlyOnce = exactlyOnce;
    this.peer = options.socket.remoteAddress ?? "";
  }

  get devices(): ReadonlySet<number> | undefined {
    return this.identity?.devices;
  }

  admit(clientId: string, identity: Identity): void {
    this.clientId = clientId;
    // What a clean session sent before is forgotten by both sides (MQTT 3.1.1, 3.1.2.4): an equal packet id on a new connection
    // is a new message, even with DUP. Only a session that lasts can repeat itself across connections.
    this.seed = this.cleanSession ? randomInt(SEEDS) : crc32(clientId);
    this.identity = identity;
  }
}

/** The connection behind a client of the library; undefined when the library speaks for itself. */
export function connectionOf(client: Client | null): Connection | undefined {
  return client?.conn instanceof Connection ? client.conn : undefined;
}
