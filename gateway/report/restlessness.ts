import { MINUTE, type Micros, SECOND } from "../../model/time.ts";

/** Chattering: so many raises … (domain.md a.3: the definition differs; PAS and Inductive Automation) */
const CHATTER_RAISES = 3;
/** … within this. */
const CHATTER_WITHIN: Micros = MINUTE;
/** Fleeting: active for less than this … (domain.md a.3, SignalForge) */
const FLEETING_BELOW: Micros = 10 * SECOND;
/** … and not again within this. */
const FLEETING_ALONE: Micros = MINUTE;

/** What one alarm did of late. */
interface Restless {
  /** When it was raised, the newest last; at most as many as make it chatter. */
  readonly raises: Micros[];
  chattering: boolean;
  episodes: number;
  /** When an activation ended that was fleeting unless it comes again soon. */
  brief: Micros | undefined;
  fleeting: number;
}

/** How often an alarm has chattered and was fleeting. */
export interface RestlessView {
  readonly alarm: string;
  readonly episodes: number;
  readonly fleeting: number;
}

/** Finds alarms that come and go: chattering ones, and fleeting ones that nobody can act on. Bounded by the alarms of the site. */
export class Restlessness {
  readonly #alarms = new Map<string, Restless>();

  /** The condition of an alarm came. `counts`: within the period of the report. */
  raised(alarm: string, at: Micros, counts: boolean): void {
    const known = this.#of(alarm);
    this.#judge(known, at);
    known.raises.push(at);
    if (known.raises.length > CHATTER_RAISES) known.raises.shift();
    const chatters = known.raises.length === CHATTER_RAISES && at - known.raises[0]! <= CHATTER_WITHIN;
    if (chatters && !known.chattering && counts) known.episodes++;
    known.chattering = chatters;
  }

  /** It went again after `active`. */
  cleared(alarm: string, { at, active, counts }: { at: Micros; active: Micros; counts: boolean }): void {
    if (active < FLEETING_BELOW && counts) this.#of(alarm).brief = at;
  }

  /** Those that were restless, the worst first. `end`: of the period. */
  view(end: Micros): RestlessView[] {
    const views: RestlessView[] = [];
    for (const [alarm, known] of this.#alarms) {
      const { episodes } = known;
      const alone = known.brief !== undefined && end - known.brief > FLEETING_ALONE ? 1 : 0;
      const fleeting = known.fleeting + alone;
      if (episodes + fleeting > 0) views.push({ alarm, episodes, fleeting });
    }
    return views.sort(
      (a, b) => b.episodes - a.episodes || b.fleeting - a.fleeting || compare(a.alarm, b.alarm),
    );
  }

  #of(alarm: string): Restless {
    let known = this.#alarms.get(alarm);
    if (known === undefined) {
      known = { raises: [], chattering: false, episodes: 0, brief: undefined, fleeting: 0 };
      this.#alarms.set(alarm, known);
    }
    return known;
  }

  /** What was brief before was fleeting if it stayed alone. */
  #judge(known: Restless, at: Micros): void {
    if (known.brief === undefined) return;
    if (at - known.brief > FLEETING_ALONE) known.fleeting++;
    known.brief = undefined;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
