import { DOMAIN_TEXT } from "../../model/domain.ts";
import type { Channel, Component, Device, Group, Link, Location, Point, Site } from "../../model/site.ts";
import type { Text } from "../../model/text.ts";
import { eachLanguage } from "../messages/format.ts";

type Kind = "channel" | "component" | "device" | "link" | "point" | "group" | "gateway";

/** A subject of the site with everything around it. */
export interface Place {
  readonly kind: Kind;
  readonly channel?: Channel;
  readonly component?: Component;
  readonly device?: Device;
  readonly link?: Link;
  readonly group?: Group;
  /** Undefined for alarms of the gateway itself and for points the configuration no longer has. */
  readonly point?: Point;
  readonly groups: readonly Group[];
  /** The place as one says it: point, room, instrument. */
  readonly text: Text;
}

interface Found {
  readonly kind: Kind;
  readonly channel?: Channel;
  readonly component?: Component;
  readonly device?: Device;
  readonly link?: Link;
  readonly group?: Group;
}

/** Finds what the keys of events stand for, and names it. Keys of earlier configurations are named by themselves. */
export class Places {
  readonly site: Site;
  readonly #subjects = new Map<string, Found>();
  readonly #points = new Map<string, Point>();
  readonly #groupsOf = new Map<string, Group[]>();
  /** Bounded by the site's subjects: only known keys are kept. */
  readonly #known = new Map<string, Place>();

  constructor(site: Site) {
    this.site = site;
    for (const point of site.points) {
      this.#points.set(point.id, point);
      this.#subjects.set(`point@${point.id}`, { kind: "point" });
    }
    for (const group of site.groups) {
      this.#subjects.set(`group@${group.id}`, { kind: "group", group });
      for (const index of group.points) {
        const { id } = site.points[index]!;
        this.#groupsOf.set(id, [...(this.#groupsOf.get(id) ?? []), group]);
      }
    }
    for (const link of site.links) this.#subjects.set(link.key, { kind: "link", link });
    for (const device of site.devices) {
      this.#subjects.set(device.key, { kind: "device", device, link: site.links[device.link]! });
    }
    for (const component of site.components) {
      const device = site.devices[component.device]!;
      this.#subjects.set(component.key, {
        kind: "component",
        component,
        device,
        link: site.links[device.link]!,
      });
    }
    for (const channel of site.channels) {
      const device = site.devices[channel.device]!;
      this.#subjects.set(channel.key, {
        kind: "channel",
        channel,
        device,
        link: site.links[device.link]!,
        ...(channel.component === undefined ? {} : { component: site.components[channel.component]! }),
      });
    }
  }

  /** The point of an id; undefined when the configuration does not have it. */
  point(id: string): Point | undefined {
    return this.#points.get(id);
  }

  /** Groups a point belongs to. */
  groupsOf(point: string): readonly Group[] {
    return this.#groupsOf.get(point) ?? [];
  }

  /** What an alarm is about. */
  of({ point, subject }: { point: string; subject: string }): Place {
    const key = `${point}\n${subject}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const [, rule, within] = /^(?:alarm|permit|inhibition)@([^@]+)@(.+)$/.exec(subject) ?? [];
    const found = this.#subjects.get(within ?? subject);
    const at = this.#points.get(point);
    const place: Place = {
      ...(found ?? { kind: "gateway" }),
      ...(at === undefined ? {} : { point: at }),
      groups: this.groupsOf(point),
      text: eachLanguage((language) => this.#say(found, at, { point, subject, rule })[language]),
    };
    if (found !== undefined) this.#known.set(key, place);
    return place;
  }

  #say(
    found: Found | undefined,
    point: Point | undefined,
    keys: { point: string; subject: string; rule: string | undefined },
  ): Text {
    const names: Text[] = [];
    if (point !== undefined) {
      names.push(point.name);
      const room = roomOf(point.location);
      if (room !== undefined) names.push(room);
    } else if (found?.kind === "link" || found === undefined) {
      names.push(this.site.name);
    } else {
      names.push({ zh: keys.point, en: keys.point });
    }
    if (found?.group !== undefined) names.push(found.group.name);
    // A link stands for all that hangs on it; of a device on the link only the device is said.
    if (found?.device !== undefined) names.push(found.device.name);
    else if (found?.link !== undefined) names.push(found.link.name);
    if (found?.component !== undefined) names.push(found.component.name);
    if (found === undefined && point === undefined) names.push(DOMAIN_TEXT.system);
    // Of one alarm that is out of service, or one permit: which.
    if (keys.rule !== undefined) names.push({ zh: keys.rule, en: keys.rule });
    return eachLanguage((language) => spoken(names.map((name) => name[language])));
  }
}

/** Names one after the other; one that only repeats the one before it is left out. */
function spoken(names: readonly string[]): string {
  const said: string[] = [];
  for (const name of names) {
    const before = said.at(-1);
    if (name === "" || before === name) continue;
    if (before !== undefined && name.startsWith(before)) said.pop();
    said.push(name);
  }
  return said.join(" ");
}

function roomOf({ building, floor, room }: Location): Text | undefined {
  const parts = [building, floor, room].filter((part) => part !== undefined && part !== "");
  if (parts.length === 0) return undefined;
  const words = parts.join(" ");
  return { zh: words, en: words };
}
