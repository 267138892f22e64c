import { REASON } from "../../../model/quality.ts";
import { MILLISECOND, type Micros, SECOND, type Timer } from "../../../model/time.ts";
import type { AlarmView } from "../../../rules/alarm.ts";
import { type Dispatch, type OnSite, type Route, type RouteContext, RouteUnavailable } from "../route.ts";
import { routeSubject } from "../selection.ts";
import type { SirenOptions } from "./options.ts";
import { Silenced } from "./silenced.ts";

/** How often the button is looked at; how often the board is asked for it is the device's own period. */
const LOOK_EVERY: Micros = 100 * MILLISECOND;
/** In records of what was done at the button. */
const LOCAL_PANEL = "local panel";

type Part = NonNullable<SirenOptions["sounder"]>;

/** What is known to stand at an output. */
interface Stands {
  readonly on: boolean;
  readonly at: Micros;
}

/**
 * A sounder and a beacon. What they do follows from the alarms that stand, never from a count of events: each event is only a
 * reason to look, and so is the time. So a restart, a lost event or a board that was away changes nothing.
 */
class Siren implements Route {
  readonly #c: RouteContext<SirenOptions>;
  readonly #site: OnSite | undefined;
  readonly #parts: readonly { readonly name: "sounder" | "beacon"; readonly part: Part }[];
  readonly #silenced = new Silenced();
  readonly #stands = new Map<string, Stands>();
  readonly #timers = new Map<string, Timer>();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #pressed = true;
  #closed = false;

  constructor(context: RouteContext<SirenOptions>) {
    const { sounder, beacon } = context.options;
    this.#c = context;
    this.#site = context.onSite;
    this.#parts = [
      ...(sounder === undefined ? [] : [{ name: "sounder" as const, part: sounder }]),
      ...(beacon === undefined ? [] : [{ name: "beacon" as const, part: beacon }]),
    ];
    if (this.#site === undefined) return;
    void this.#beat();
    this.#look();
  }

  async deliver(dispatch: Dispatch): Promise<void> {
    if (dispatch.kind === "trial" || this.#site === undefined) {
      throw new RouteUnavailable("a siren is not tried from outside the gateway", {
        hint: "switch its output by the command `write`, or let an alarm be raised in the mode exercise",
      });
    }
    await this.#apply(false);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  /** Everything anew: the board's own pulse runs out otherwise, and somebody may have switched by hand. */
  async #beat(): Promise<void> {
    this.#timers.set(
      "beat",
      this.#c.clock.after(this.#c.options.every, () => void this.#beat()),
    );
    try {
      await this.#apply(true);
    } catch {
      // Told by the route's condition and, by who writes, as an alarm; the next beat tries again.
    }
  }

  #look(): void {
    const key = this.#c.options.silence;
    if (key === undefined) return;
    this.#timers.set(
      "look",
      this.#c.clock.after(LOOK_EVERY, () => this.#look()),
    );
    const reading = this.#site!.channel(key);
    // A button that cannot be read silences nothing; one that sticks was pressed once.
    if (reading === undefined || reading.reason !== REASON.good || Number.isNaN(reading.value)) return;
    const pressed = reading.value === 1;
    const now = pressed && !this.#pressed;
    this.#pressed = pressed;
    if (now) this.#press(key);
  }

  #press(key: string): void {
    const sounding = this.#silenced.loud(this.#annunciated("sounder"));
    if (sounding.length === 0) return;
    this.#silenced.press(sounding);
    this.#site!.record({
      user: LOCAL_PANEL,
      verb: "silence",
      said: { route: this.#c.id, channel: key, alarms: sounding.length },
    });
    this.#c.log.info({ alarms: sounding.length }, "the sounder was silenced at the site");
    // What goes wrong is told as with every other write.
    this.#apply(false).catch(() => {});
  }

  /** Writes what must stand. One at a time: who comes meanwhile is served by the next. @throws RouteUnavailable */
  #apply(all: boolean): Promise<void> {
    if (this.#running !== undefined) {
      this.#next ??= this.#running
        .catch(() => {})
        .then(() => {
          this.#next = undefined;
          return this.#apply(all);
        });
      return this.#next;
    }
    this.#running = this.#write(all).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #write(all: boolean): Promise<void> {
    const problems: string[] = [];
    for (const { name, part } of this.#parts) {
      if (this.#closed) return;
      const problem = await this.#switch(name, part, all);
      if (problem !== undefined) problems.push(problem);
    }
    const words = problems.join("; ");
    this.#c.condition(words === "" ? undefined : words);
    if (words !== "") throw new RouteUnavailable(words, { kind: "relay" });
  }

  /** Undefined when it is known to stand; else what is wrong. */
  async #switch(name: "sounder" | "beacon", part: Part, all: boolean): Promise<string | undefined> {
    const { options, clock, id } = this.#c;
    const on = this.#wanted(name);
    const stands = this.#stands.get(name);
    const known = stands !== undefined && stands.on === on && clock.now() - stands.at < options.every;
    if (known && !all) return undefined;
    const energised = options.wiring === "normal" ? on : !on;
    const order =
      energised && part.pulse !== undefined
        ? { output: part.pulse, value: options.hold / SECOND }
        : { output: part.output, value: energised ? 1 : 0 };
    const written = await this.#site!.write({
      ...order,
      device: options.device,
      user: routeSubject(id),
      reason: on ? `${name}: alarms stand` : `${name}: quiet`,
      routine: stands?.on === on,
    });
    if (written.outcome === "written") {
      this.#stands.set(name, { on, at: clock.now() });
      return undefined;
    }
    this.#stands.delete(name);
    return `${name} (${order.output}): ${written.detail}`;
  }

  #wanted(name: "sounder" | "beacon"): boolean {
    const annunciated = this.#annunciated(name);
    return (name === "sounder" ? this.#silenced.loud(annunciated) : annunciated).length > 0;
  }

  /** The alarms for which something is to be heard or seen, silenced at the button or not. */
  #annunciated(name: "sounder" | "beacon"): AlarmView[] {
    const part = this.#c.options[name];
    return part === undefined ? [] : this.#site!.standing().filter((alarm) => annunciates(part.while, alarm));
  }
}

function annunciates(when: Part["while"], { state, active }: AlarmView): boolean {
  switch (when) {
    // Momentary danger counts until somebody knows of it (ISA-18.1, lock-in).
    case "unattended":
      return state === "unacknowledged" || state === "returned" || state === "latched-unacknowledged";
    case "active":
      return active;
    case "present":
      return true;
  }
}

/** Begins to switch at once: the alarms that stand decide. */
export function create(context: RouteContext): Route {
  return new Siren(context as RouteContext<SirenOptions>);
}
