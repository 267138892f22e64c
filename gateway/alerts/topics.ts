import type { Severity } from "../../model/severity.ts";

/** Where an alarm stands in topics: what names it for ever. */
export interface AlarmAddress {
  readonly domain: string;
  readonly point: string;
  readonly subject: string;
  readonly rule: string;
}

/** What begins all topics unless an uplink says otherwise. */
export const PREFIX = "tocsin";

/*
 * Names of topics, without what stands before them: `<prefix>/<site>/`. The site is the same for all of them and the prefix
 * belongs to the broker, so `TopicRoot` puts both in front.
 */

/** Retained: the alarm's present state; cleared when it is normal again. */
export function alarmTopic({ domain, point, subject, rule }: AlarmAddress): string {
  return `alarm/${domain}/${point}/${subject}/${rule}`;
}

/** Retained, always there: the point at a glance. */
export function pointTopic(point: string): string {
  return `point/${point}`;
}

/** One transition. `highest` is the highest severity the occurrence has reached, so that a subscriber of red sees its return. */
export function eventTopic(highest: Severity, { domain, point, subject, rule }: AlarmAddress): string {
  return `event/${highest}/${domain}/${point}/${subject}/${rule}`;
}

/** The last reading of a channel; `channel` is its id within the device. */
export function readingTopic(device: string, channel: string): string {
  return `reading/${device}/${channel}`;
}

/** Retained: an open case; cleared when it is closed. */
export function caseTopic(number: number): string {
  return `${CASES}${number}`;
}

/** The number of a case's topic, given without prefix and site; undefined when it is not one. */
export function caseOf(topic: string): number | undefined {
  return topic.startsWith(CASES) ? Number(topic.slice(CASES.length)) : undefined;
}

const CASES = "case/";

/** An overrun of a case, for a group of people. */
export function escalationTopic(
  group: string,
  event: { highest: Severity; point: string; case: number },
): string {
  return `escalation/${group}/${event.highest}/${event.point}/${event.case}`;
}

/** Retained: the chain value of the alarm log at the end of a day, `2026-05-21`. */
export function digestTopic(date: string): string {
  return `${DIGESTS}${date}`;
}

/** The date of a digest's topic, given without prefix and site; undefined when it is not one. */
export function dateOf(topic: string): string | undefined {
  return topic.startsWith(DIGESTS) ? topic.slice(DIGESTS.length) : undefined;
}

const DIGESTS = "audit/";

/** Retained, with a last will: online or offline, and the heartbeat. */
export const STATUS_TOPIC = "status";

/** What commands are sent to; the verb is the last level. Results have a level more and do not match. */
export const COMMAND_FILTER = "command/+";

/** The verb of a command topic, given without prefix and site; undefined when it is not one. */
export function verbOf(topic: string): string | undefined {
  const [first, verb, ...rest] = topic.split("/");
  return first === "command" && verb !== undefined && verb !== "" && rest.length === 0 ? verb : undefined;
}

/** Longest request id that becomes a topic level. */
export const REQUEST_ID_MAX = 64;

/** Where the result of a command is published: its request id, made fit to be a topic level; `-` when there is none. */
export function resultTopic(id: string | undefined): string {
  // Not only wildcards and slashes: a control character or a lone surrogate makes brokers close the connection (MQTT 1.5.4).
  const level = (id ?? "").slice(0, REQUEST_ID_MAX).replaceAll(/[^A-Za-z0-9._-]/g, "_");
  return `command/result/${level === "" ? "-" : level}`;
}

/** Puts a broker's prefix and the site in front of topic names. */
export class TopicRoot {
  readonly #root: string;

  constructor(prefix: string, site: string) {
    this.#root = `${prefix}/${site}/`;
  }

  /** The whole topic. */
  topic(name: string): string {
    return this.#root + name;
  }

  /** The name without prefix and site; undefined for a topic of somebody else. */
  name(topic: string): string | undefined {
    return topic.startsWith(this.#root) ? topic.slice(this.#root.length) : undefined;
  }
}
