import type { Client, PublishPacket } from "aedes";
import type { Counter } from "../../../model/counter.ts";
import { type BusMessage, type Feed, type Intake, REFUSED, type Ticket } from "../../driver.ts";
import type { Gatekeeper } from "../gatekeeper.ts";
import { DENIED, type Reception } from "../reception.ts";
import type { Route, Router } from "../router.ts";
import { type Access, isCommand, isTocsin } from "./access.ts";
import type { BrokerBus } from "./bus.ts";
import { type Connection, connectionOf } from "./connection.ts";
import type { Refusals } from "./refusals.ts";

export interface PublicationsOptions {
  readonly access: Access;
  readonly router: Router;
  readonly reception: Reception;
  readonly keeper: Gatekeeper;
  readonly bus: BrokerBus;
  readonly refusals: Refusals;
  /** Publications on topics that are no device's. */
  readonly unrouted: Counter;
}

/**
 * Where publications of clients come in: who may, what it says, and what its acknowledgement waits for.
 *
 * A refused publication ends the connection, whatever its quality of service: 3.1.1 has no code for "not authorised" in an
 * acknowledgement, and acknowledging what was thrown away would be a lie.
 */
export class Publications {
  readonly #o: PublicationsOptions;
  #intake: Intake | undefined;

  constructor(options: PublicationsOptions) {
    this.#o = options;
  }

  start(intake: Intake): void {
    this.#intake = intake;
  }

  /**
   * The library asks once for each arrival of a PUBLISH, repeats included, and once for a will. It writes its acknowledgement
   * within or after this call. Returns why not, or null.
   */
  admit(client: Client | null, packet: PublishPacket): Error | null {
    // The library speaks for itself, with no client.
    if (client === null) return null;
    const connection = connectionOf(client);
    if (connection?.identity === undefined) return new Error("not logged in");
    // A will is the packet that was never parsed as one.
    const will = packet.cmd === undefined;
    // After the machine has slept the library may publish wills of clients that are still there.
    if (will && !client.closed) return new Error("the client is here");
    const { topic } = packet;
    const { access, router, refusals } = this.#o;
    const feed = access.feed(topic);
    const taken = isTocsin(topic) || access.outside(topic) !== undefined || feed !== undefined;
    const route = taken ? undefined : router.find(topic);
    const permitted =
      access.mayPublish(connection.identity, topic, route) && !(packet.retain && isCommand(topic));
    if (!permitted) {
      refusals.refuse(connection, { verb: "publish", topic });
      return new Error(`may not publish ${topic}`);
    }
    const qos = will ? 0 : packet.qos;
    const packetId = qos === 0 ? 0 : (packet.messageId ?? 0);
    if (feed !== undefined) {
      this.#feed(feed, { connection, packet, qos, packetId });
      return null;
    }
    const ticket =
      route === undefined
        ? this.#pass(connection, packet)
        : this.#take(route, { connection, packet, qos, packetId, will });
    if (ticket === DENIED) {
      refusals.refuse(connection, { verb: "speak for another device on", topic });
      return new Error(`may not publish ${topic}`);
    }
    if (qos === 0) return null;
    if (ticket === REFUSED) connection.refuse(qos, packetId);
    else connection.expect(qos, packetId, ticket);
    return null;
  }

  /** No device's: word from outside, a command for people inside, or nothing to us. Acknowledged in its turn. */
  #pass(connection: Connection, packet: PublishPacket): Ticket {
    const { topic } = packet;
    const outside = this.#o.access.outside(topic);
    if (outside !== undefined) return outside.take(messageOf(connection, packet));
    if (isTocsin(topic)) this.#o.bus.deliver(topic, () => messageOf(connection, packet));
    else this.#o.unrouted.add();
    return 0;
  }

  /** Another link's: it says what the acknowledgement waits for, perhaps later. */
  #feed(
    feed: Feed,
    of: { connection: Connection; packet: PublishPacket; qos: 0 | 1 | 2; packetId: number },
  ): void {
    const { connection, packet, qos, packetId } = of;
    const settle = qos === 0 ? () => {} : connection.defer(qos, packetId);
    feed.take({ ...messageOf(connection, packet), qos }, settle);
    if (this.#intake?.congested === true) this.#o.keeper.congest();
  }

  #take(
    route: Route,
    of: { connection: Connection; packet: PublishPacket; qos: 0 | 1 | 2; packetId: number; will: boolean },
  ): Ticket {
    const { connection, packet, qos, packetId, will } = of;
    const { reception, keeper } = this.#o;
    if (qos === 2) {
      if (connection.exactlyOnce.has(packetId)) return reception.last;
      connection.exactlyOnce.add(packetId);
    }
    const { topic, dup } = packet;
    // A will was written when its client connected: it may say that all is well from before the fire.
    const publication = { topic, payload: bytesOf(packet), qos, dup, packetId, old: will };
    const ticket = reception.take(route, publication, connection);
    if (this.#intake?.congested === true) keeper.congest();
    return ticket;
  }
}

function messageOf(connection: Connection, packet: PublishPacket): BusMessage {
  return {
    topic: packet.topic,
    payload: bytesOf(packet),
    retained: false,
    sender: { client: connection.clientId, user: connection.identity?.user },
  };
}

function bytesOf({ payload }: PublishPacket): Buffer {
  return typeof payload === "string" ? Buffer.from(payload) : payload;
}
