import type { Stranger } from "../../drivers/driver.ts";
import { BAD, qualityOf } from "../../model/quality.ts";
import type { Device } from "../../model/site.ts";
import type { ChannelView, Engine } from "../../rules/engine.ts";
import { VERSION } from "../version.ts";
import type { Observed } from "./observed.ts";
import { alarmJson, instant, routeJson } from "./views.ts";

/** Devices that call on links of the gateway and that its site does not have, the latest last. */
export function strangersOf(drivers: Observed["drivers"]): Stranger[] {
  const all = [...drivers.values()].flatMap((driver) => [...(driver.strangers?.() ?? [])]);
  return all.sort((a, b) => a.last - b.last);
}

/** A stranger as JSON. */
export function strangerJson({ first, last, ...stranger }: Stranger) {
  return { ...stranger, first: instant(first), last: instant(last) };
}

/** The gateway at a glance: what `tocsin status` shows. `attention` names what of the gateway itself needs a look. */
export async function statusJson(observed: Observed) {
  const { configuration, engine, journal, drivers } = observed;
  const { site } = configuration;
  const devices = deviceStates(observed);
  const alarms = [...engine.alarms()];
  const links = site.links.map((link) => {
    const own = devices.filter((device) => device.link === link.id);
    return {
      id: link.id,
      type: link.type,
      listening: drivers.get(link.id)?.listening ?? null,
      lost: alarms.some((alarm) => alarm.subject === link.key && alarm.active),
      down: engine.down({ kind: "link", index: link.index }),
      devices: own.length,
      lostDevices: own.filter(({ monitoring }) => monitoring === "lost").length,
    };
  });
  const sinks = await journal.reader.sinkStatus();
  const routes = observed.routes.status.map(routeJson);
  const strangers = strangersOf(drivers);
  const failure = journal.failure?.message ?? null;
  const attention = [
    ...(observed.ready ? [] : ["not-ready"]),
    ...(failure === null ? [] : ["journal-failed"]),
    ...links.flatMap(({ id, lost, down }) => (lost ? [`link-lost ${id}`] : down ? [`link-down ${id}`] : [])),
    ...devices.flatMap(({ id, monitoring }) => (monitoring === "lost" ? [`device-lost ${id}`] : [])),
    ...strangers.flatMap(({ twin }) => (twin === undefined ? [] : [`two-devices-called ${twin}`])),
    ...sinks.flatMap(({ id, outage }) => (outage === undefined ? [] : [`sink-down ${id}`])),
    ...engine
      .outside()
      .flatMap(({ source, value }) => (Number.isNaN(value) ? [`outside-unknown ${source.id}`] : [])),
    ...routes.flatMap(({ id, state }) => (state === "failing" ? [`route-failing ${id}`] : [])),
  ];
  return {
    site: site.id,
    name: site.name,
    version: VERSION,
    since: instant(observed.startedAt),
    now: instant(observed.now()),
    ready: observed.ready,
    journal: { failure, uncommitted: journal.inFlight.readings },
    links,
    devices,
    sinks,
    routes,
    alarms: alarms.map(alarmJson),
    strangers: strangers.map(strangerJson),
    attention,
  };
}

function deviceStates({ configuration: { site }, engine }: Observed) {
  const views = [...engine.channels()];
  return site.devices.map((device) => {
    const own = device.channels.flatMap((index) => views[index] ?? []);
    const heard = own.filter(({ received }) => !Number.isNaN(received));
    return {
      id: device.id,
      link: site.links[device.link]?.id ?? null,
      point: site.points[device.point]?.id ?? null,
      profile: device.profile,
      monitoring: monitoringOf(device, own, engine),
      heard: instant(Math.max(Number.NEGATIVE_INFINITY, ...heard.map(({ received }) => received))),
      channels: own.length,
      bad: heard.filter(({ reason }) => qualityOf(reason) === BAD).length,
      silent: own.length - heard.length,
    };
  });
}

/** `down`: its driver cannot reach it, or its link; that becomes an alarm when it lasts. */
type DeviceMonitoring = ChannelView["monitoring"] | "down";

function monitoringOf(
  { index, link }: Device,
  channels: readonly ChannelView[],
  engine: Pick<Engine, "down">,
): DeviceMonitoring {
  if (channels.some(({ monitoring }) => monitoring === "lost")) return "lost";
  if (engine.down({ kind: "device", index }) || engine.down({ kind: "link", index: link })) return "down";
  return channels.some(({ monitoring }) => monitoring === "waiting") ? "waiting" : "ok";
}
