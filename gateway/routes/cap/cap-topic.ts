import type { AlarmEvent } from "../../../rules/event.ts";
import { eventTopic } from "../../alerts/topics.ts";
import { type Dispatch, type Route, type RouteContext, RouteUnavailable } from "../route.ts";
import { CapChains } from "./chains.ts";
import { CapMessages } from "./messages.ts";
import type { CapRouteOptions } from "./options.ts";

/** Where trial messages go. */
const TRIAL_TOPIC = "cap/trial";

/** Topic of a CAP message: that of its event, below `cap`. */
export function capTopic(event: AlarmEvent): string {
  return eventTopic(event.highest, event).replace(/^event/, "cap");
}

/** CAP messages on the brokers of this process, or on one uplink. */
class CapTopic implements Route {
  readonly ordered = true;
  readonly parallel = 4;
  readonly #c: RouteContext<CapRouteOptions>;
  readonly #messages: CapMessages;
  readonly #chains: CapChains;

  constructor(context: RouteContext<CapRouteOptions>) {
    this.#c = context;
    this.#messages = new CapMessages(context);
    this.#chains = new CapChains(context, this.#messages);
  }

  wants(event: AlarmEvent): boolean {
    return this.#messages.says(event);
  }

  ends(event: AlarmEvent): boolean {
    return this.#messages.ends(event);
  }

  async deliver(dispatch: Dispatch): Promise<void> {
    if (dispatch.kind === "trial") {
      await this.#publish(TRIAL_TOPIC, this.#messages.trial(dispatch.time));
      return;
    }
    // Only what speaks to people merges.
    if (dispatch.kind !== "event") return;
    const { event } = dispatch;
    const message = this.#messages.event(event, await this.#chains.before(event));
    if (message === undefined) return;
    await this.#publish(capTopic(event), message);
    this.#chains.sent(event);
  }

  close(): void {}

  async #publish(name: string, payload: string): Promise<void> {
    const { options, buses } = this.#c;
    const up = buses(options.uplink).filter(({ bus }) => bus.connected);
    if (up.length === 0) throw new RouteUnavailable("the broker is not connected", { kind: "connection" });
    try {
      await Promise.all(
        up.map(({ bus, root }) => bus.publish(root.topic(name), payload, { qos: 1, retain: false })),
      );
    } catch (thrown) {
      throw new RouteUnavailable(thrown instanceof Error ? thrown.message : String(thrown), {
        cause: thrown,
        kind: "connection",
      });
    }
  }
}

/** Touches nothing outside. */
export function create(context: RouteContext): Route {
  return new CapTopic(context as RouteContext<CapRouteOptions>);
}
