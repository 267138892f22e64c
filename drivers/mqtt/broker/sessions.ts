import { Readable } from "node:stream";
import type { AedesPublishPacket, Subscription } from "aedes";
import { matches, TOCSIN_LEVEL, TopicTree } from "../topic.ts";

/*
 * What the broker remembers of its clients: sessions, queues, retained messages, wills. In memory, like the library's own
 * store, and unlike it bounded in every direction. The method names are the library's (aedes-persistence 11).
 */

/** A packet kept for a client: a publication, or the PUBREL that follows its PUBREC. */
export interface KeptPacket {
  cmd: string;
  messageId?: number | undefined;
  brokerId?: string;
  brokerCounter?: number;
  topic?: string;
  payload?: string | Buffer;
  qos?: number;
  retain?: boolean;
  dup?: boolean;
}

interface ClientId {
  readonly id: string;
}

/** A subscription of a client that keeps its session. */
interface KeptSubscription extends Subscription {
  clientId: string;
}

interface Will {
  brokerId?: string;
  clientId?: string;
}

interface Session {
  readonly subscriptions: Map<string, KeptSubscription>;
  /** Publications on their way to the client, by the broker's own counter, oldest first. */
  readonly outgoing: Map<number, KeptPacket>;
  /** Packet identifier to counter, once it has one. */
  readonly counters: Map<number, number>;
  /** QoS 2 publications of the client between PUBREC and PUBREL. */
  readonly incoming: Map<number, KeptPacket>;
}

export interface SessionLimits {
  /** Sessions kept for clients that are away. */
  readonly sessions: number;
  /** Messages queued for one client that is away. */
  readonly queued: number;
  /** Retained messages of clients. */
  readonly retained: number;
}

/** Messages on their way to a client that is there: no more can be numbered (MQTT 3.1.1, 2.3.1). */
const IN_FLIGHT_MAX = 65_535;

/** What the sessions forget because of a bound. */
export type Forgotten = "session" | "queued message" | "retained message";

export class Sessions {
  readonly #limits: SessionLimits;
  readonly #onForgotten: (what: Forgotten) => void;
  /** Longest away first: a client that leaves moves to the end. */
  readonly #sessions = new Map<string, Session>();
  readonly #present = new Set<string>();
  /** Client ids in use, and whose they are. */
  readonly #owners = new Map<string, string | undefined>();
  readonly #subscriptions = new TopicTree<KeptSubscription>();
  readonly #retained = new Map<string, KeptPacket>();
  /** Retained messages that are not the gateway's own. */
  #others = 0;
  readonly #wills = new Map<string, Will>();
  broker: unknown;

  constructor(limits: SessionLimits, onForgotten: (what: Forgotten) => void) {
    this.#limits = limits;
    this.#onForgotten = onForgotten;
  }

  /** Takes a client id for a user: false when it is another's. Nobody takes over the session of somebody else. */
  claim(clientId: string, user: string | undefined): boolean {
    if (this.#owners.has(clientId) && this.#owners.get(clientId) !== user) return false;
    this.#owners.set(clientId, user);
    return true;
  }

  /** Gives a claimed id back when its connection never came about. */
  unclaim(clientId: string): void {
    if (!this.#present.has(clientId) && !this.#sessions.has(clientId)) this.#owners.delete(clientId);
  }

  arrived(clientId: string, user: string | undefined): void {
    this.#present.add(clientId);
    this.#owners.set(clientId, user);
  }

  left(clientId: string): void {
    this.#present.delete(clientId);
    const session = this.#sessions.get(clientId);
    if (session === undefined || session.subscriptions.size + session.incoming.size === 0) {
      this.#forget(clientId);
      return;
    }
    this.#sessions.delete(clientId);
    this.#sessions.set(clientId, session);
    this.#bound();
  }

  /** Sessions of clients that are away. */
  get away(): number {
    return [...this.#sessions.keys()].filter((id) => !this.#present.has(id)).length;
  }

  // biome-ignore lint/suspicious/useAwait: the library checks that this is an async function
  async setup(broker: unknown): Promise<void> {
    this.broker = broker;
  }

  storeRetained(packet: AedesPublishPacket): Promise<void> {
    this.retain(packet);
    return Promise.resolve();
  }

  /** Keeps a message as its topic's retained one; an empty one clears it. */
  retain(packet: KeptPacket & { topic: string; payload: string | Buffer }): void {
    const { topic } = packet;
    const own = topic.startsWith(`${TOCSIN_LEVEL}/`);
    if (this.#retained.delete(topic) && !own) this.#others--;
    if (packet.payload.length > 0) {
      // Clients fill only their own share: the present alarms, bounded by the site, always find a place.
      if (!own && this.#others >= this.#limits.retained) this.#onForgotten("retained message");
      else {
        this.#retained.set(topic, kept(packet));
        if (!own) this.#others++;
      }
    }
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(retainedBy(this.#retained, filters));
  }

  addSubscriptions(client: ClientId, subscriptions: readonly Subscription[]): Promise<void> {
    const session = this.#session(client.id);
    for (const subscription of subscriptions) {
      this.#unsubscribe(session, subscription.topic);
      const record = { ...subscription, clientId: client.id };
      session.subscriptions.set(subscription.topic, record);
      // With QoS 0 nothing is queued.
      if (subscription.qos > 0) this.#subscriptions.add(subscription.topic, record);
    }
    return Promise.resolve();
  }

  removeSubscriptions(client: ClientId, filters: readonly string[]): Promise<void> {
    const session = this.#sessions.get(client.id);
    for (const filter of session === undefined ? [] : filters) this.#unsubscribe(session!, filter);
    return Promise.resolve();
  }

  subscriptionsByClient(client: ClientId): Promise<Subscription[]> {
    const session = this.#sessions.get(client.id);
    const copies = [...(session?.subscriptions.values() ?? [])].map(
      ({ clientId: _, ...subscription }) => subscription,
    );
    return Promise.resolve(copies);
  }

  subscriptionsByTopic(topic: string): Promise<KeptSubscription[]> {
    return Promise.resolve(this.#subscriptions.size === 0 ? NONE : this.#subscriptions.match(topic));
  }

  cleanSubscriptions(client: ClientId): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session !== undefined) this.#end(client.id, session);
    return Promise.resolve();
  }

  outgoingEnqueue(to: { clientId: string }, packet: KeptPacket): Promise<void> {
    return this.outgoingEnqueueCombi([to], packet);
  }

  outgoingEnqueueCombi(to: readonly { clientId: string }[], packet: KeptPacket): Promise<void> {
    for (const { clientId } of to) {
      const { outgoing, counters } = this.#session(clientId);
      const limit = this.#present.has(clientId) ? IN_FLIGHT_MAX : this.#limits.queued;
      while (outgoing.size >= limit) {
        const [oldest, lost] = outgoing.entries().next().value!;
        outgoing.delete(oldest);
        if (lost.messageId !== undefined) counters.delete(lost.messageId);
        this.#onForgotten("queued message");
      }
      outgoing.set(packet.brokerCounter ?? 0, { ...kept(packet), messageId: undefined });
    }
    return Promise.resolve();
  }

  outgoingUpdate(client: ClientId, packet: KeptPacket): Promise<void> {
    const session = this.#session(client.id);
    const { outgoing, counters } = session;
    const own = packet.brokerCounter === undefined ? undefined : outgoing.get(packet.brokerCounter);
    if (own !== undefined && packet.cmd === "publish") {
      own.messageId = packet.messageId;
      counters.set(packet.messageId ?? 0, packet.brokerCounter!);
      return Promise.resolve();
    }
    const counter = counters.get(packet.messageId ?? 0);
    if (counter === undefined) return Promise.reject(new Error("no such packet"));
    outgoing.set(counter, packet);
    return Promise.resolve();
  }

  outgoingClearMessageId(client: ClientId, packet: KeptPacket): Promise<KeptPacket | undefined> {
    const session = this.#sessions.get(client.id);
    const counter = session?.counters.get(packet.messageId ?? 0);
    if (session === undefined || counter === undefined) return Promise.resolve(undefined);
    const found = session.outgoing.get(counter);
    session.outgoing.delete(counter);
    session.counters.delete(packet.messageId ?? 0);
    return Promise.resolve(found);
  }

  outgoingStream(client: ClientId): Readable {
    return Readable.from([...(this.#sessions.get(client.id)?.outgoing.values() ?? [])]);
  }

  incomingStorePacket(client: ClientId, packet: KeptPacket): Promise<void> {
    this.#session(client.id).incoming.set(packet.messageId ?? 0, {
      ...kept(packet),
      messageId: packet.messageId,
    });
    return Promise.resolve();
  }

  incomingGetPacket(client: ClientId, packet: KeptPacket): Promise<KeptPacket> {
    const found = this.#sessions.get(client.id)?.incoming.get(packet.messageId ?? 0);
    return found === undefined ? Promise.reject(new Error("no such packet")) : Promise.resolve(found);
  }

  incomingDelPacket(client: ClientId, packet: KeptPacket): Promise<void> {
    const gone = this.#sessions.get(client.id)?.incoming.delete(packet.messageId ?? 0) === true;
    return gone ? Promise.resolve() : Promise.reject(new Error("no such packet"));
  }

  cleanIncoming(client: ClientId): Promise<void> {
    const session = this.#sessions.get(client.id);
    session?.incoming.clear();
    if (session?.subscriptions.size === 0 && !this.#present.has(client.id)) this.#forget(client.id);
    return Promise.resolve();
  }

  putWill(client: ClientId, will: Will): Promise<void> {
    will.clientId = client.id;
    this.#wills.set(client.id, will);
    return Promise.resolve();
  }

  getWill(client: ClientId): Promise<Will | undefined> {
    return Promise.resolve(this.#wills.get(client.id));
  }

  delWill(client: ClientId): Promise<Will | undefined> {
    const will = this.#wills.get(client.id);
    this.#wills.delete(client.id);
    return Promise.resolve(will);
  }

  /** Wills of other brokers of a cluster: there are none. The library publishes a client's own will when it goes. */
  streamWill(): Readable {
    return Readable.from([]);
  }

  destroy(): Promise<void> {
    return Promise.resolve();
  }

  #session(clientId: string): Session {
    const known = this.#sessions.get(clientId);
    if (known !== undefined) return known;
    const session: Session = {
      subscriptions: new Map(),
      outgoing: new Map(),
      counters: new Map(),
      incoming: new Map(),
    };
    this.#sessions.set(clientId, session);
    return session;
  }

  #unsubscribe(session: Session, filter: string): void {
    const record = session.subscriptions.get(filter);
    if (record === undefined) return;
    session.subscriptions.delete(filter);
    if (record.qos > 0) this.#subscriptions.remove(filter, record);
  }

  #end(clientId: string, session: Session): void {
    for (const filter of [...session.subscriptions.keys()]) this.#unsubscribe(session, filter);
    this.#sessions.delete(clientId);
  }

  #forget(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session !== undefined) this.#end(clientId, session);
    this.#owners.delete(clientId);
  }

  #bound(): void {
    if (this.#sessions.size <= this.#limits.sessions) return;
    let away = this.away;
    for (const clientId of this.#sessions.keys()) {
      if (away <= this.#limits.sessions) return;
      if (this.#present.has(clientId)) continue;
      this.#forget(clientId);
      this.#onForgotten("session");
      away--;
    }
  }
}

const NONE: KeptSubscription[] = [];

/** A copy without the socket's buffer behind it: a window of 20 bytes would keep 64 KiB alive. */
function kept(packet: AedesPublishPacket | KeptPacket): KeptPacket {
  const payload = packet.payload ?? "";
  return { ...packet, payload: typeof payload === "string" ? payload : Buffer.from(payload) };
}

function* retainedBy(
  retained: ReadonlyMap<string, KeptPacket>,
  filters: readonly string[],
): Generator<KeptPacket> {
  for (const filter of filters) {
    for (const [topic, packet] of retained) {
      if (matches(filter, topic)) yield packet;
    }
  }
}
