import { type Site, type Subject, subjectKey } from "../model/site.ts";
import { Alarm, type AlarmIdentity, type AlarmRecord } from "./alarm.ts";
import {
  BUILT_IN_RULES,
  type BuiltInRuleId,
  GATEWAY_POINT,
  isBuiltInRule,
  outsideSubject,
  ruleSubject,
  SYSTEM_RULES,
} from "./built-in.ts";
import type { Rule } from "./rule.ts";

const BUILT_IN_ORDER = Object.keys(BUILT_IN_RULES) as BuiltInRuleId[];

/** Built-in rules about the gateway as a whole. */
const OF_THE_GATEWAY: ReadonlySet<string> = new Set<BuiltInRuleId>([
  "alarm-flood",
  "self-test",
  "self-test-failed",
]);

/** All alarms there have been since the configuration was loaded, by rule and subject. An alarm is made when it is first raised. */
export class AlarmBook {
  readonly #site: Site;
  readonly #acknowledgeBlue: boolean;
  readonly #alarms = new Map<string, Alarm>();
  /** Built-in rules come after the site's own in the order of definition. */
  readonly #builtInFrom: number;
  /** Subjects of `rule-failed`. */
  readonly #ruleSubjects: ReadonlySet<string>;

  constructor(options: { site: Site; acknowledgeBlue: boolean; rules: readonly Rule[] }) {
    this.#site = options.site;
    this.#acknowledgeBlue = options.acknowledgeBlue;
    this.#builtInFrom = options.rules.reduce((n, rule) => n + rule.subjects.length, 0);
    this.#ruleSubjects = new Set(options.rules.map((rule) => ruleSubject(rule.id)));
  }

  find(rule: string, subject: string): Alarm | undefined {
    return this.#alarms.get(`${rule} ${subject}`);
  }

  /** The alarm of this rule and subject, made if it is not there. */
  get(identity: AlarmIdentity): Alarm {
    const key = `${identity.rule} ${identity.subject}`;
    let alarm = this.#alarms.get(key);
    if (alarm === undefined) {
      alarm = new Alarm(identity, { acknowledgeBlue: this.#acknowledgeBlue });
      this.#alarms.set(key, alarm);
    }
    return alarm;
  }

  /** The alarm of a built-in rule on a thing of the site. */
  builtIn(rule: BuiltInRuleId, subject: Subject): Alarm {
    return this.get({
      rule,
      subject: subjectKey(this.#site, subject),
      ...this.#place(subject),
      class: BUILT_IN_RULES[rule].class,
      latching: false,
      order: this.#order(rule, subject),
    });
  }

  /** The alarm of a built-in rule on something that is no thing of the site: a rule, a sink, the gateway. */
  system(rule: BuiltInRuleId, subject: string): Alarm {
    return this.get({
      rule,
      subject,
      point: GATEWAY_POINT,
      domain: "system",
      class: BUILT_IN_RULES[rule].class,
      latching: false,
      order: this.#order(rule, { kind: "link", index: 0 }),
    });
  }

  /**
   * The alarm of a built-in rule that stands for what a person or logic has begun, on a thing of the site or on what such a key
   * names (carriers.ts); undefined when that is not there.
   */
  standing(rule: BuiltInRuleId, subject: string): Alarm | undefined {
    const thing = this.#subject(subject);
    if (thing !== undefined) return this.builtIn(rule, thing);
    const [, prefix, , within] = /^(alarm|permit|inhibition)@([^@]+)(?:@(.+))?$/.exec(subject) ?? [];
    if (prefix === undefined) return undefined;
    const on = within === undefined ? undefined : this.#subject(within);
    if (within !== undefined && on === undefined) return undefined;
    const place = on === undefined ? { point: GATEWAY_POINT, domain: "system" } : this.#place(on);
    return this.get({
      rule,
      subject,
      ...place,
      class: BUILT_IN_RULES[rule].class,
      latching: false,
      order: this.#order(rule, on ?? { kind: "link", index: 0 }),
    });
  }

  /** The alarm that the record of a built-in rule belongs to now; undefined when its subject has gone. */
  builtInOf(record: Pick<AlarmRecord, "rule" | "subject">): Alarm | undefined {
    if (!isBuiltInRule(record.rule)) return undefined;
    if ((SYSTEM_RULES as readonly string[]).includes(record.rule)) {
      return this.system(record.rule, record.subject);
    }
    if (record.rule === "rule-failed") {
      return this.#ruleSubjects.has(record.subject) ? this.system(record.rule, record.subject) : undefined;
    }
    if (record.rule === "outside-unknown") {
      const known = this.#site.outside?.some(({ id }) => outsideSubject(id) === record.subject) === true;
      return known ? this.system(record.rule, record.subject) : undefined;
    }
    if (OF_THE_GATEWAY.has(record.rule)) return this.system(record.rule, record.subject);
    return this.standing(record.rule, record.subject);
  }

  /** Every alarm that was ever raised or silenced, in no particular order. */
  known(): Iterable<Alarm> {
    return this.#alarms.values();
  }

  /** Every alarm that was ever raised, in order of definition, whichever came first. */
  ordered(): Alarm[] {
    return [...this.#alarms.values()].sort(
      (a, b) => a.order - b.order || (a.subject < b.subject ? -1 : a.subject > b.subject ? 1 : 0),
    );
  }

  #subject(key: string): Subject | undefined {
    const { links, devices, components, channels, points, groups } = this.#site;
    for (const kind of ["point", "group"] as const) {
      const index = (kind === "point" ? points : groups).findIndex(({ id }) => `${kind}@${id}` === key);
      if (index >= 0) return { kind, index };
    }
    for (const [kind, things] of [
      ["link", links],
      ["device", devices],
      ["component", components],
      ["channel", channels],
    ] as const) {
      const index = things.findIndex((thing) => thing.key === key);
      if (index >= 0) return { kind, index };
    }
    return undefined;
  }

  #place(subject: Subject): { point: string; domain: string } {
    const { devices, components, channels, points, groups } = this.#site;
    const of = (point: number | undefined) => {
      const found = point === undefined ? undefined : points[point];
      return found === undefined
        ? { point: GATEWAY_POINT, domain: "system" }
        : { point: found.id, domain: found.domain };
    };
    // What carries detectors of live points is live with them, wherever it hangs itself: at a point that is being set up its loss
    // would reach nobody.
    const carrier = (own: number | undefined, parts: readonly number[]) => {
      const places = [own, ...parts.map((part) => channels[part]?.point)];
      return of(places.find((place) => place !== undefined && points[place]?.stage === "live") ?? own);
    };
    switch (subject.kind) {
      case "channel":
        return of(channels[subject.index]?.point);
      case "component": {
        const parts = channels.filter(({ component }) => component === subject.index);
        return carrier(
          components[subject.index]?.point,
          parts.map(({ index }) => index),
        );
      }
      case "device":
        return carrier(devices[subject.index]?.point, devices[subject.index]?.channels ?? []);
      case "point":
        return of(subject.index);
      case "group":
        return of(groups[subject.index]?.points[0]);
      case "link":
        return of(undefined);
    }
  }

  /** Built-in rules in the order of their table; within one the highest things first. */
  #order(rule: BuiltInRuleId, subject: Subject): number {
    const { links, devices, components, channels } = this.#site;
    const things = links.length + devices.length + components.length + channels.length;
    const within = {
      link: 0,
      device: links.length,
      component: links.length + devices.length,
      channel: links.length + devices.length + components.length,
      point: 0,
      group: 0,
    }[subject.kind];
    return this.#builtInFrom + BUILT_IN_ORDER.indexOf(rule) * things + within + subject.index;
  }
}
