import { ConfigurationError } from "../../../model/error.ts";
import type { Feed, OutsideTopic } from "../../driver.ts";
import type { MqttDevice, Route, Router } from "../router.ts";
import { baseTopic } from "../router.ts";
import { covers, isBrokersOwn, matches, overlap, TOCSIN_LEVEL } from "../topic.ts";
import type { BrokerUser, Role } from "./options.ts";
import { checkHash, PasswordVerifier } from "./password.ts";

/** Who a connection speaks for, once the broker knows. */
export interface Identity {
  /** Undefined on an open loopback listener. */
  readonly user: string | undefined;
  readonly role: Role | "open";
  /** Devices it may speak for; undefined: all. */
  readonly devices: ReadonlySet<number> | undefined;
  /** Filters within which a device user publishes and subscribes. */
  readonly own: readonly string[];
}

/** The identity of everybody on a listener without users. */
const OPEN: Identity = { user: undefined, role: "open", devices: undefined, own: [] };

/** `tocsin/<site>/command/<verb>` */
const COMMAND_LEVELS = 4;
const COMMAND_LEVEL = "command";
/** `tocsin/<site>/command/result/…` answers commands: whoever waits for `result/#` must hear the gateway only. */
const RESULT_LEVEL = "result";

/** Verified in place of a user who does not exist, so that the time taken tells nothing. */
const NOBODY = "scrypt:16384:8:1:AAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/**
 * Who may do what on the embedded broker.
 *
 * |            | publishes                                    | subscribes                  |
 * |------------|----------------------------------------------|-----------------------------|
 * | open       | anything but `tocsin/…` and `$…`; commands   | anything                    |
 * | device     | below its devices' topics, its extra topics  | the same                    |
 * | staff      | commands                                     | `tocsin/…`                  |
 * | observer   | nothing                                      | anything but `$…`           |
 *
 * On the topic of an outside source, and on those that another link takes, publish the users that it names, whatever their role, and
 * nobody else: a device that could call off a warning would be one too many.
 */
export class Access {
  readonly #users: Readonly<Record<string, BrokerUser>> | undefined;
  readonly #identities = new Map<string, Identity>();
  readonly #router: Router;
  readonly #outside: ReadonlyMap<string, OutsideTopic>;
  readonly #feeds: Feed[] = [];
  readonly #verifier = new PasswordVerifier();

  /** @throws ConfigurationError CONFIG_INVALID when a user names a device that is not on this link, or has no valid hash. */
  constructor(
    users: Readonly<Record<string, BrokerUser>> | undefined,
    {
      devices,
      router,
      outside = [],
    }: { devices: readonly MqttDevice[]; router: Router; outside?: readonly OutsideTopic[] | undefined },
  ) {
    this.#users = users;
    this.#outside = new Map(outside.map((source) => [source.topic, source]));
    this.#router = router;
    const byId = new Map(devices.map((device) => [device.device.id, device]));
    for (const [name, user] of Object.entries(users ?? {})) {
      checkHash(user.password);
      const spokenFor = user.devices.map((id) => {
        const device = byId.get(id);
        if (device !== undefined) return device;
        throw new ConfigurationError("CONFIG_INVALID", `user ${name}: no device ${id} on this broker`, {
          hint: `devices on it: ${[...byId.keys()].slice(0, 10).join(", ")}`,
        });
      });
      this.#identities.set(name, {
        user: name,
        role: user.role,
        devices: user.role === "device" ? new Set(spokenFor.map(({ device }) => device.index)) : new Set(),
        own: [...spokenFor.map((device) => below(baseTopic(device))), ...user.topics],
      });
    }
  }

  /**
   * Who it is; undefined when name or password is wrong.
   * @throws VerifierBusy when too many log in at once.
   */
  async identify(name: string | undefined, password: Buffer | undefined): Promise<Identity | undefined> {
    if (this.#users === undefined) return OPEN;
    const known = name === undefined ? undefined : this.#identities.get(name);
    const hash = known === undefined ? NOBODY : this.#users[name!]!.password;
    const right = await this.#verifier.verify(password?.toString("utf8") ?? "", hash);
    return right ? known : undefined;
  }

  /** The outside source that speaks on a topic. */
  outside(topic: string): OutsideTopic | undefined {
    return this.#outside.get(topic);
  }

  /** Another link takes what fits from now on. @throws ConfigurationError CONFIG_INVALID when a topic is a device's. */
  feeds(feed: Feed): void {
    for (const topic of feed.topics) {
      for (const { filter } of this.#router.filters()) {
        if (!overlap(filter, topic)) continue;
        throw new ConfigurationError(
          "CONFIG_INVALID",
          `link ${feed.broker}: ${topic} goes to another link, and a device speaks on ${filter}`,
          { hint: "give the device another topic, or name the topics of the other link" },
        );
      }
    }
    this.#feeds.push(feed);
  }

  /** The link that takes what is published on a topic. */
  feed(topic: string): Feed | undefined {
    if (this.#feeds.length === 0) return undefined;
    return this.#feeds.find(({ topics }) => topics.some((filter) => matches(filter, topic)));
  }

  /** Whether someone may publish; `route` is where the topic leads, when it is a device's. */
  mayPublish(identity: Identity, topic: string, route: Route | undefined): boolean {
    if (isBrokersOwn(topic) || topic.includes("\u0000")) return false;
    const named = this.#outside.get(topic) ?? this.feed(topic);
    if (named !== undefined) {
      return identity.user === undefined ? identity.role === "open" : named.users.includes(identity.user);
    }
    if (isTocsin(topic)) return isCommand(topic) && (identity.role === "staff" || identity.role === "open");
    if (identity.role === "open") return true;
    if (identity.role !== "device") return false;
    const speakers = route?.speakers ?? [];
    if (speakers.length === 0 && !identity.own.some((filter) => matches(filter, topic))) return false;
    // Who speaks on a shared topic is known only when the payload has been read: see Reception.
    return speakers.every((speaker) => identity.devices?.has(speaker.device.device.index) === true);
  }

  /** The same for a last will, whose topic is not routed yet. Nobody commands, no warning comes or goes, nor does an uplink, by vanishing. */
  mayWill(identity: Identity, topic: string): boolean {
    return (
      !isCommand(topic) &&
      !this.#outside.has(topic) &&
      this.feed(topic) === undefined &&
      this.mayPublish(identity, topic, this.#router.find(topic))
    );
  }

  maySubscribe(identity: Identity, filter: string): boolean {
    switch (identity.role) {
      case "open":
        return true;
      case "observer":
        return !filter.startsWith("$");
      case "staff":
        return covers(`${TOCSIN_LEVEL}/#`, filter);
      case "device":
        return identity.own.some((own) => covers(own, filter));
    }
  }
}

/** Whether a topic is the gateway's own. */
export function isTocsin(topic: string): boolean {
  return topic === TOCSIN_LEVEL || topic.startsWith(`${TOCSIN_LEVEL}/`);
}

/** Whether a topic carries commands from people. */
export function isCommand(topic: string): boolean {
  if (!isTocsin(topic)) return false;
  const levels = topic.split("/");
  return (
    levels.length === COMMAND_LEVELS &&
    levels[2] === COMMAND_LEVEL &&
    levels[3] !== RESULT_LEVEL &&
    levels[3] !== ""
  );
}

function below(topic: string): string {
  return topic.endsWith("#") ? topic : `${topic}/#`;
}
