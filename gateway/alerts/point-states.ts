import { ALARM_CLASSES, rank, SEVERITY_TEXT, type Severity } from "../../model/severity.ts";
import type { Channel, Point, Site } from "../../model/site.ts";
import type { Text } from "../../model/text.ts";
import { formatInstant, type Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import { STANDING_FOR_THEMSELVES } from "../../rules/life-cycle/register.ts";
import { CATALOGUE } from "../messages/catalogue.ts";
import { formatLocal, say } from "../messages/format.ts";
import type { Monitoring, PointMessage } from "./message-schemas.ts";
import type { Payloads } from "./payload.ts";
import type { Places } from "./places.ts";
import { type PresentAlarm, type PresentState, presentAfter, touchesPresent } from "./present.ts";
import { alarmTopic } from "./topics.ts";

export interface PointStatesOptions {
  readonly places: Places;
  readonly payloads: Payloads;
  readonly engine: Pick<PresentState, "channel">;
  readonly now: () => Micros;
}

interface Glance {
  readonly worst: Record<(typeof ALARM_CLASSES)[number], Severity | null>;
  readonly severity: Severity | null;
  /** Alarms whose condition holds, or whose latch does. */
  readonly standing: number;
  readonly alarms: number;
  readonly unacknowledged: number;
  readonly silenced: number;
  readonly lost: number;
  /** Channels that are out of service. */
  readonly out: number;
  readonly total: number;
  readonly monitoring: Monitoring;
  readonly lastEvaluated: Micros;
}

/** Every point at a glance: its worst alarm, and whether danger would be seen there at all. */
export class PointStates {
  readonly #site: Site;
  readonly #o: PointStatesOptions;
  /** Alarms that are not normal, by point and topic. */
  readonly #alarms = new Map<string, Map<string, PresentAlarm>>();
  /** Subject keys that an active monitoring alarm covers, with the topics of those alarms. */
  readonly #blind = new Map<string, Set<string>>();
  /** Subject keys of what is out of service. */
  readonly #out = new Set<string>();
  readonly #channelsOf: readonly (readonly Channel[])[];
  /** Points that have channels below a subject, by subject key. */
  readonly #pointsUnder: ReadonlyMap<string, ReadonlySet<Point>>;
  /** What was published last, without times: a point is renewed when this or its last evaluation has changed. */
  readonly #told = new Map<string, { what: string; lastEvaluated: Micros }>();

  constructor(options: PointStatesOptions) {
    this.#o = options;
    this.#site = options.places.site;
    const channels: Channel[][] = this.#site.points.map(() => []);
    for (const channel of this.#site.channels) channels[channel.point]!.push(channel);
    this.#channelsOf = channels;
    this.#pointsUnder = pointsUnder(this.#site);
  }

  /** Takes the engine's present state over. */
  load(alarms: Iterable<PresentAlarm>): void {
    this.#alarms.clear();
    this.#blind.clear();
    this.#out.clear();
    for (const alarm of alarms) this.#put(alarm);
  }

  /** Follows an event; returns the points whose message it changes. */
  apply(event: AlarmEvent): readonly Point[] {
    if (!touchesPresent(event)) return [];
    this.#put(presentAfter(event, this.#alarms.get(event.point)?.get(alarmTopic(event))));
    const own = this.#o.places.point(event.point);
    if (event.class !== "monitoring" && event.rule !== "out-of-service")
      return own === undefined ? [] : [own];
    const points = new Set(this.#pointsUnder.get(event.subject));
    if (own !== undefined) points.add(own);
    return [...points];
  }

  /** Whether a point has something to tell that was not published yet. */
  stale(point: Point): boolean {
    const told = this.#told.get(point.id);
    const glance = this.#glance(point);
    return (
      told === undefined || told.what !== gist(glance) || !Object.is(told.lastEvaluated, glance.lastEvaluated)
    );
  }

  /** The message of a point, which is then taken as told. */
  payload(point: Point): string {
    const glance = this.#glance(point);
    this.#told.set(point.id, { what: gist(glance), lastEvaluated: glance.lastEvaluated });
    const { payloads, places, now } = this.#o;
    const { worst, severity, alarms, unacknowledged, silenced } = glance;
    const { lost, out, total, monitoring, lastEvaluated } = glance;
    const message: PointMessage = {
      format: "tocsin.point.1",
      site: payloads.named(this.#site),
      point: payloads.named(point),
      domain: point.domain,
      stage: point.stage,
      mode: point.mode,
      location: payloads.location(point.location),
      codes: { ...point.codes },
      groups: places.groupsOf(point.id).map((group) => payloads.named(group)),
      severity,
      worst,
      alarms,
      unacknowledged,
      monitoring,
      silenced,
      channels: { total, lost, outOfService: out },
      lastEvaluated: Number.isFinite(lastEvaluated) ? formatInstant(lastEvaluated) : null,
      time: formatInstant(now()),
      revision: this.#site.revision,
      text: payloads.text(this.#text(point, glance)),
    };
    return JSON.stringify(message);
  }

  #put(alarm: PresentAlarm): void {
    const topic = alarmTopic(alarm);
    const here = entry(this.#alarms, alarm.point, () => new Map<string, PresentAlarm>());
    if (alarm.state === "normal") here.delete(topic);
    else here.set(topic, alarm);
    if (alarm.rule === "out-of-service") {
      if (alarm.state === "normal") this.#out.delete(alarm.subject);
      else this.#out.add(alarm.subject);
    }
    if (alarm.class !== "monitoring") return;
    const blind = entry(this.#blind, alarm.subject, () => new Set<string>());
    if (alarm.state === "unacknowledged" || alarm.state === "acknowledged") blind.add(topic);
    else blind.delete(topic);
    if (blind.size === 0) this.#blind.delete(alarm.subject);
  }

  #glance(point: Point): Glance {
    const worst: Glance["worst"] = { danger: null, fault: null, supervisory: null, monitoring: null };
    let severity: Severity | null = null;
    let standing = 0;
    let unacknowledged = 0;
    const alarms = this.#alarms.get(point.id);
    let silenced = 0;
    for (const alarm of alarms?.values() ?? []) {
      if (alarm.silence !== undefined) silenced++;
      // What only stands for work or logic is no danger, nor a fault.
      if (STANDING_FOR_THEMSELVES.has(alarm.rule)) continue;
      // What has returned and only waits for somebody to say so is no present danger.
      if (alarm.state !== "returned") {
        worst[alarm.class] = worseOf(worst[alarm.class], alarm.severity);
        severity = worseOf(severity, alarm.severity);
        standing++;
      }
      if (alarm.state !== "acknowledged" && alarm.state !== "latched") unacknowledged++;
    }
    const channels = this.#channelsOf[point.index]!;
    let lost = 0;
    let out = 0;
    let lastEvaluated = Number.NaN;
    for (const channel of channels) {
      if (this.#isBlind(channel)) lost++;
      if (this.#isOut(channel)) out++;
      const received = this.#o.engine.channel(channel.index).received;
      if (!(received <= lastEvaluated) && !Number.isNaN(received)) lastEvaluated = received;
    }
    const total = channels.length;
    const monitoring =
      point.stage !== "live"
        ? "off"
        : lost > 0
          ? lost === total
            ? "lost"
            : "partial"
          : Number.isNaN(lastEvaluated)
            ? "waiting"
            : "ok";
    return {
      worst,
      severity,
      standing,
      alarms: alarms?.size ?? 0,
      unacknowledged,
      silenced,
      lost,
      out,
      total,
      monitoring,
      lastEvaluated,
    };
  }

  /** A channel is out of service when it, or what carries it, is. */
  #isOut(channel: Channel): boolean {
    return this.#out.size > 0 && carriersOf(this.#site, channel).some((key) => this.#out.has(key));
  }

  /** A channel is blind when it, or anything it hangs on, is covered by a monitoring alarm. */
  #isBlind(channel: Channel): boolean {
    return this.#blind.size > 0 && carriersOf(this.#site, channel).some((key) => this.#blind.has(key));
  }

  #text(point: Point, glance: Glance): Text {
    const name = point.name;
    const fillings = {
      point: name,
      lost: glance.lost,
      out: glance.out,
      total: glance.total,
      count: glance.standing,
    };
    // An alarm never hides that more may go unseen beside it.
    const seen = glance.lost === 0 || onlyBlind(glance);
    if (glance.severity !== null && !onlyBlind(glance))
      return say(seen ? "point.alarm" : "point.alarm-and-blind", {
        ...fillings,
        severity: SEVERITY_TEXT[glance.severity],
      });
    if (glance.out > 0 && glance.monitoring !== "off") return say("point.out-of-service", fillings);
    switch (glance.monitoring) {
      case "off":
        return say("point.off", { ...fillings, stage: CATALOGUE[`stage.${point.stage}`] });
      case "lost":
        return say("point.lost", fillings);
      case "partial":
        return say("point.partial", fillings);
      case "waiting":
        return say("point.waiting", fillings);
      case "ok":
        if (glance.unacknowledged > 0)
          return say("point.unacknowledged", { ...fillings, count: glance.unacknowledged });
        return say("point.normal", {
          ...fillings,
          time: formatLocal(glance.lastEvaluated, this.#site.timeZone),
        });
    }
  }
}

/** Keys of a channel and of all it hangs on. */
function carriersOf(site: Site, channel: Channel): string[] {
  const device = site.devices[channel.device]!;
  const keys = [
    channel.key,
    device.key,
    site.links[device.link]!.key,
    `point@${site.points[channel.point]!.id}`,
  ];
  if (channel.component !== undefined) keys.push(site.components[channel.component]!.key);
  return keys;
}

function pointsUnder(site: Site): Map<string, Set<Point>> {
  const found = new Map<string, Set<Point>>();
  for (const channel of site.channels) {
    for (const key of carriersOf(site, channel)) {
      entry(found, key, () => new Set<Point>()).add(site.points[channel.point]!);
    }
  }
  return found;
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Whether the loss of monitoring is all there is to tell. */
function onlyBlind({ worst, lost }: Glance): boolean {
  return lost > 0 && worst.danger === null && worst.fault === null && worst.supervisory === null;
}

function gist(glance: Glance): string {
  const { worst, alarms, unacknowledged, silenced, lost, out, monitoring } = glance;
  const counts = [alarms, unacknowledged, silenced, lost, out];
  return [...ALARM_CLASSES.map((name) => worst[name]), ...counts, monitoring].join();
}

function worseOf(a: Severity | null, b: Severity): Severity {
  return a === null || rank(b) > rank(a) ? b : a;
}
