import { rank } from "../../model/severity.ts";
import type { Point } from "../../model/site.ts";
import type { AlarmView } from "../../rules/alarm.ts";
import { GATEWAY_POINT } from "../../rules/built-in.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { annunciates } from "../../rules/life-cycle/annunciation.ts";
import type { Places } from "../alerts/places.ts";
import type { SelectionOptions } from "./options.ts";

/** What a case that has overrun adds to an event. */
interface Escalated {
  /** Group of people to whom it goes. */
  readonly escalateTo?: string;
}

/** Steps that tell people that an alarm falls silent: the only ones of a silenced alarm that go out. */
const ANNOUNCES_SILENCE: ReadonlySet<string> = new Set(["shelve", "suppress", "out-of-service"]);

/** Steps by which an alarm comes out of a silence: news where it is active. */
const ENDS_SILENCE: ReadonlySet<string> = new Set(["unshelve", "unsuppress", "return-to-service"]);

/** What people did themselves, and what is about numbers only: no reason to call anybody. */
const NO_NEWS: ReadonlySet<string> = new Set(["acknowledge", "reset", "void", "respond", "act", "close"]);

/** Subject of the alarm that a route is lost. */
export function routeSubject(route: string): string {
  return `route@${route}`;
}

/** Whether the alarm of an event is silenced: still evaluated, recorded and published, and nobody is called. */
export function isSilenced(event: AlarmEvent): boolean {
  return event.silence !== undefined && !ANNOUNCES_SILENCE.has(event.transition);
}

/** Whether the condition of an event's alarm holds after it. */
export function isActive({ to }: AlarmEvent): boolean {
  return to === "unacknowledged" || to === "acknowledged";
}

/** Whether an event is the first that people hear of an alarm that had been silenced. */
export function breaksSilence(event: AlarmEvent): boolean {
  return ENDS_SILENCE.has(event.transition) && isActive(event);
}

/** Whether an event is news to people who are called. */
export function isNews(event: AlarmEvent): boolean {
  if (ENDS_SILENCE.has(event.transition)) return isActive(event);
  return !NO_NEWS.has(event.transition);
}

/** Which events a route gets. */
export class Selection {
  readonly #o: SelectionOptions;
  readonly #places: Places;
  readonly #own: string;

  constructor(route: string, { options, places }: { options: SelectionOptions; places: Places }) {
    this.#o = options;
    this.#places = places;
    this.#own = routeSubject(route);
  }

  /** Whether an event is for this route, silence aside. */
  accepts(event: AlarmEvent): boolean {
    // That a route is lost cannot be told by itself, and must not keep it busy.
    if (event.transition === "void" || event.subject === this.#own) return false;
    const { severity, domains, classes, modes } = this.#o;
    return (
      rank(event.highest) >= rank(severity) &&
      classes.includes(event.class) &&
      modes.includes(event.mode) &&
      (domains === undefined || domains.some((domain) => domain === event.domain)) &&
      this.#step(event) &&
      this.#stage(event.point) &&
      this.#place(event)
    );
  }

  /** Whether an alarm that stands, and is not silenced, is for this route whatever step it took last. */
  includes(alarm: AlarmView): boolean {
    const { severity, domains, classes, modes } = this.#o;
    return (
      alarm.silence === undefined &&
      alarm.subject !== this.#own &&
      rank(alarm.highest) >= rank(severity) &&
      classes.includes(alarm.class) &&
      modes.includes(alarm.mode) &&
      (domains === undefined || domains.some((domain) => domain === alarm.domain)) &&
      this.#stage(alarm.point) &&
      this.#place(alarm)
    );
  }

  /** Whether a red danger at a point would come here as things are. */
  covers(point: Point): boolean {
    const { domains, classes, transitions, modes, stages } = this.#o;
    return (
      classes.includes("danger") &&
      modes.includes(point.mode) &&
      stages.includes(point.stage) &&
      (domains?.includes(point.domain) ?? true) &&
      (transitions?.includes("raise") ?? true) &&
      this.#place({ point: point.id })
    );
  }

  /** Who is told when danger begins is told however it does: got worse, came back, or came out of a silence in which it began. */
  #step(event: AlarmEvent): boolean {
    const { transitions } = this.#o;
    if (transitions === undefined || transitions.includes(event.transition)) return true;
    return transitions.includes("raise") && annunciates(event);
  }

  #stage(point: string): boolean {
    // The gateway itself has no stage; a point that has left the configuration may still have an alarm to end.
    const stage = this.#places.point(point)?.stage;
    return stage === undefined || this.#o.stages.includes(stage);
  }

  #place(event: { readonly point: string } & Escalated): boolean {
    const { points, groups, notify } = this.#o;
    if (points === undefined && groups === undefined && notify === undefined) return true;
    if (event.escalateTo !== undefined && notify?.includes(event.escalateTo)) return true;
    if (event.point === GATEWAY_POINT) return false;
    return (
      (points?.includes(event.point) ?? false) ||
      (groups !== undefined &&
        this.#places.groupsOf(event.point).some((group) => groups.includes(group.id))) ||
      (notify !== undefined &&
        (this.#places.point(event.point)?.notify.some((name) => notify.includes(name)) ?? false))
    );
  }
}
