import type { Client } from "aedes";
import type { Counter } from "../../../model/counter.ts";
import { describe } from "../../../model/error.ts";
import type { Log } from "../../../model/log.ts";
import type { Access } from "./access.ts";
import { type Connection, connectionOf } from "./connection.ts";
import { VerifierBusy } from "./password.ts";
import type { Refusals } from "./refusals.ts";
import type { Sessions } from "./sessions.ts";

/** CONNACK return codes (MQTT 3.1.1, table 3.1). */
const CONNACK = { identifierRejected: 2, serverUnavailable: 3, badCredentials: 4, notAuthorized: 5 } as const;

export interface LogInOptions {
  readonly link: string;
  readonly access: Access;
  readonly sessions: Sessions;
  readonly refusals: Refusals;
  /** Log-ins with a wrong name or password. */
  readonly failed: Counter;
  readonly log: Log;
  /** The client has come in. */
  readonly onAdmitted: (connection: Connection) => void;
}

/** What a client says of itself. */
export interface Credentials {
  readonly name: string | undefined;
  readonly password: Buffer | undefined;
}

/** Lets clients in: name and password, last will, client id. */
export class LogIn {
  readonly #o: LogInOptions;

  constructor(options: LogInOptions) {
    this.#o = options;
  }

  /** The CONNACK code that refuses a client, or undefined when it may come in. */
  async admit(client: Client, { name, password }: Credentials): Promise<number | undefined> {
    const { access, sessions, refusals, failed, log, link } = this.#o;
    const connection = connectionOf(client);
    if (connection === undefined) return CONNACK.notAuthorized;
    try {
      const identity = await access.identify(name, password);
      if (identity === undefined) {
        failed.add();
        return CONNACK.badCredentials;
      }
      if (connection.will !== undefined && !access.mayWill(identity, connection.will.topic)) {
        connection.clientId = client.id;
        refusals.refuse(connection, { verb: "leave a will on", topic: connection.will.topic });
        return CONNACK.notAuthorized;
      }
      if (!sessions.claim(client.id, identity.user)) return CONNACK.identifierRejected;
      connection.admit(client.id, identity);
      this.#o.onAdmitted(connection);
      return undefined;
    } catch (error) {
      if (!(error instanceof VerifierBusy)) log.error({ link, error: describe(error) }, "MQTT log-in failed");
      return CONNACK.serverUnavailable;
    }
  }
}
