import { type Site, subjectKey } from "../../model/site.ts";
import { GATEWAY_POINT } from "../built-in.ts";

/** What names an alarm. */
export interface AlarmName {
  readonly rule: string;
  readonly subject: string;
}

/** Key of one alarm among the keys of things: `alarm@gas-leak@gd-01.lel`. */
export function alarmKey({ rule, subject }: AlarmName): string {
  return `alarm@${rule}@${subject}`;
}

/** What an alarm key names; undefined when it is none. */
export function alarmOfKey(key: string): AlarmName | undefined {
  const [, rule, subject] = /^alarm@([^@]+)@(.+)$/.exec(key) ?? [];
  return rule === undefined || subject === undefined ? undefined : { rule, subject };
}

/** A thing that can be taken out of service, and the place it belongs to. */
export interface Thing {
  readonly key: string;
  readonly point: string;
  readonly domain: string;
  /** Channels of it, by index. */
  readonly channels: readonly number[];
}

/** What hangs on what: which things carry a subject, and which channels a thing has. */
export class Carriers {
  readonly #site: Site;
  /** By subject key; made once, at the first question: most sites never ask. */
  #things: Map<string, Thing> | undefined;
  readonly #above = new Map<string, readonly string[]>();

  constructor(site: Site) {
    this.#site = site;
  }

  /** The point, group, device, component or channel of a key; undefined when the site has none. */
  thing(key: string): Thing | undefined {
    this.#things ??= thingsOf(this.#site);
    return this.#things.get(key);
  }

  /** Keys of an alarm and of everything whose being out of service takes it along. Bounded by the alarms of the site. */
  of(alarm: AlarmName & { readonly point: string }): readonly string[] {
    const own = alarmKey(alarm);
    const known = this.#above.get(own);
    if (known !== undefined) return known;
    const keys = [own, alarm.subject, ...this.#carrying(alarm.subject)];
    if (alarm.point !== GATEWAY_POINT && this.#within(alarm)) keys.push(`point@${alarm.point}`);
    const unique = [...new Set(keys)];
    this.#above.set(own, unique);
    return unique;
  }

  /** Whether nothing of what an alarm is about lies at other points: those are not out with its own. */
  #within({ subject, point }: { readonly subject: string; readonly point: string }): boolean {
    const { channels, points } = this.#site;
    const parts = this.thing(subject)?.channels ?? [];
    return parts.every((index) => points[channels[index]!.point]?.id === point);
  }

  #carrying(subject: string): string[] {
    const { channels, components, devices } = this.#site;
    const channel = channels.find(({ key }) => key === subject);
    const part =
      channel === undefined
        ? components.find(({ key }) => key === subject)
        : channel.component === undefined
          ? undefined
          : components[channel.component];
    const device = channel?.device ?? part?.device;
    return [part?.key, device === undefined ? undefined : devices[device]?.key].filter(
      (key) => key !== undefined,
    );
  }
}

function thingsOf(site: Site): Map<string, Thing> {
  const { points, groups, devices, components, channels } = site;
  const things = new Map<string, Thing>();
  const at = (index: number) => {
    const point = points[index];
    return { point: point?.id ?? GATEWAY_POINT, domain: point?.domain ?? "system" };
  };
  const within = (belongs: (channel: (typeof channels)[number]) => boolean) =>
    channels.filter(belongs).map(({ index }) => index);
  const byPoint = points.map((): number[] => []);
  const byComponent = components.map((): number[] => []);
  for (const { index, point, component } of channels) {
    byPoint[point]?.push(index);
    if (component !== undefined) byComponent[component]?.push(index);
  }
  for (const { index } of points) {
    const key = subjectKey(site, { kind: "point", index });
    things.set(key, { key, ...at(index), channels: byPoint[index]! });
  }
  for (const group of groups) {
    const key = subjectKey(site, { kind: "group", index: group.index });
    const [first = -1] = group.points;
    things.set(key, {
      key,
      ...at(first),
      channels: within(({ point }) => group.points.includes(point)),
    });
  }
  for (const { key, point, channels: own } of devices) things.set(key, { key, ...at(point), channels: own });
  for (const { index, key, point } of components) {
    things.set(key, { key, ...at(point), channels: byComponent[index]! });
  }
  for (const { index, key, point } of channels) things.set(key, { key, ...at(point), channels: [index] });
  return things;
}
