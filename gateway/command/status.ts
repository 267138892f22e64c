import { z } from "zod";
import { NetworkError } from "../../model/error.ts";
import { formatDuration, MILLISECOND, type Micros, SECOND } from "../../model/time.ts";
import { loadConfiguration } from "../config/load.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { findGateway, gatewayBase, notAGateway } from "./gateway-http.ts";
import { print, printJson } from "./output.ts";
import { alignColumns } from "./table.ts";

/** Time the gateway may take to answer. */
const WAIT: Micros = 10 * SECOND;

const textSchema = z.looseObject({ zh: z.string(), en: z.string() });
const statusSchema = z.looseObject({
  site: z.string(),
  name: textSchema,
  version: z.string(),
  since: z.string().nullable(),
  now: z.string().nullable(),
  ready: z.boolean(),
  journal: z.looseObject({ failure: z.string().nullable(), uncommitted: z.number() }),
  links: z.array(
    z.looseObject({
      id: z.string(),
      type: z.string(),
      listening: z.string().nullable(),
      lost: z.boolean(),
      down: z.boolean(),
      devices: z.number(),
      lostDevices: z.number(),
    }),
  ),
  devices: z.array(
    z.looseObject({
      id: z.string(),
      link: z.string().nullable(),
      profile: z.string(),
      monitoring: z.enum(["ok", "waiting", "down", "lost"]),
      heard: z.string().nullable(),
      channels: z.number(),
      bad: z.number(),
      silent: z.number(),
    }),
  ),
  sinks: z.array(
    z.looseObject({
      id: z.string(),
      type: z.string(),
      outage: z.looseObject({}).optional(),
      pending: z.number(),
      lost: z.number(),
      quarantined: z.number(),
    }),
  ),
  routes: z.array(z.looseObject({ id: z.string(), state: z.string(), backlog: z.number() })),
  alarms: z.array(
    z.looseObject({
      rule: z.string(),
      subject: z.string(),
      class: z.string(),
      severity: z.string(),
      state: z.string(),
      since: z.string().nullable(),
    }),
  ),
  strangers: z.array(
    z.looseObject({
      link: z.string(),
      protocol: z.string(),
      address: z.string(),
      peer: z.string(),
      said: z.string(),
      last: z.string().nullable(),
      count: z.number(),
    }),
  ),
  attention: z.array(z.string()),
});
type Status = z.output<typeof statusSchema>;

/**
 * Shows how the running gateway of a site is: links, devices, delivery, alarms, and who calls without being in the site file.
 * Ends with `attention` when something of the gateway needs a look. @throws NetworkError LINK_DOWN when no gateway answers.
 */
export async function status(site: string, options: { json: boolean; all: boolean }): Promise<ExitCode> {
  const configuration = loadConfiguration(site);
  const gateway = await findGateway(configuration);
  if (gateway === undefined) {
    const base = gatewayBase(configuration);
    throw new NetworkError(
      "LINK_DOWN",
      base === undefined
        ? "the site has no HTTP interface to ask"
        : `no gateway of site ${configuration.site.id} answers at ${base}`,
      {
        hint:
          base === undefined
            ? "switch it on with http: { enabled: true, listen: 127.0.0.1:8080 }"
            : "is it running? `tocsin run` starts it",
      },
    );
  }
  const body = await gateway.ask("/api/status", WAIT);
  const parsed = statusSchema.safeParse(body);
  if (!parsed.success) throw notAGateway(gateway.base, parsed.error);
  if (options.json) printJson(body);
  else print(asText(parsed.data, options.all));
  return parsed.data.attention.length === 0 ? EXIT.ok : EXIT.attention;
}

function asText(told: Status, all: boolean): string {
  const { name, site, version, journal, attention } = told;
  const title = name.zh === name.en ? name.zh : `${name.zh} ${name.en}`;
  const running = ago(told.since, told.now);
  return [
    `${title} (${site}) · ${version} · running ${running} 已运行 · ${told.ready ? "ready 就绪" : "not ready 未就绪"}`,
    journal.failure === null
      ? `journal 日志: ok 正常, ${journal.uncommitted} readings on their way to disk 条待落盘`
      : `journal 日志: FAILED 写入失败: ${journal.failure}`,
    links(told),
    devices(told, all),
    sinks(told),
    routes(told),
    alarms(told),
    strangers(told),
    attention.length === 0 ? "nothing needs a look 一切正常" : `needs a look 须处理: ${attention.join(", ")}`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function links({ links }: Status): string {
  return table(
    ["link 链路", "type 类型", "state 状态", "listens 监听", "devices 设备", "lost 失联"],
    links.map(({ id, type, lost, down, listening, devices, lostDevices }) => [
      id,
      type,
      lost ? "LOST 中断" : down ? "DOWN 不通" : "ok 正常",
      listening ?? "–",
      String(devices),
      String(lostDevices),
    ]),
  );
}

const MONITORING = { ok: "ok 正常", waiting: "waiting 等待", down: "DOWN 不通", lost: "LOST 失联" };
/** Worst first. */
const MONITORING_ORDER = ["lost", "down", "ok", "waiting"] as const;
/** So many devices show what is wrong; behind a dead platform hang hundreds. */
const MOST_DEVICES = 30;

/** Devices with something to say, the worst first, up to a bound; all of them in the order of the site when asked. */
function devices({ devices, now }: Status, all: boolean): string {
  const unwell = devices
    .filter(({ monitoring, bad }) => monitoring !== "ok" || bad > 0)
    .sort((a, b) => MONITORING_ORDER.indexOf(a.monitoring) - MONITORING_ORDER.indexOf(b.monitoring));
  const shown = all ? devices : unwell.slice(0, MOST_DEVICES);
  const rows = table(
    [
      "device 设备",
      "link 链路",
      "profile 型号",
      "monitoring 监测",
      "heard 最近",
      "channels 通道",
      "bad 无效",
      "never 未到",
    ],
    shown.map(({ id, link, profile, monitoring, heard, channels, bad, silent }) => [
      id,
      link ?? "–",
      profile,
      MONITORING[monitoring],
      ago(heard, now),
      String(channels),
      String(bad),
      String(silent),
    ]),
  );
  const well = devices.length - unwell.length;
  const beyond = all ? 0 : unwell.length - shown.length;
  const rest = [
    ...(beyond === 0 ? [] : [`and ${beyond} more 另有 ${beyond} 台`]),
    ...(well === 0 ? [] : [`${well} devices are well ${well} 台设备正常`]),
  ].join(", ");
  if (rest === "") return rows;
  return `${rows}${rows === "" ? "" : "\n"}${rest}${all ? "" : " (--all shows them 查看全部)"}`;
}

function sinks({ sinks }: Status): string {
  return table(
    ["sink 去向", "type 类型", "state 状态", "pending 待送", "quarantined 拒收", "lost 丢失"],
    sinks.map(({ id, type, outage, pending, quarantined, lost }) => [
      id,
      type,
      outage === undefined ? "ok 正常" : "DOWN 不通",
      String(pending),
      String(quarantined),
      String(lost),
    ]),
  );
}

function routes({ routes }: Status): string {
  return table(
    ["route 告警通道", "state 状态", "backlog 待送"],
    routes.map(({ id, state, backlog }) => [id, state, String(backlog)]),
  );
}

function alarms({ alarms, now }: Status): string {
  if (alarms.length === 0) return "no alarm stands 无告警";
  return table(
    ["alarm 告警", "subject 对象", "class 类别", "severity 级别", "state 状态", "since 始于"],
    alarms.map(({ rule, subject, class: alarmClass, severity, state, since }) => [
      rule,
      subject,
      alarmClass,
      severity,
      state,
      ago(since, now),
    ]),
  );
}

function strangers({ strangers, now }: Status): string {
  return table(
    [
      "stranger 未登记设备",
      "link 链路",
      "protocol 规约",
      "from 来自",
      "said 内容",
      "times 次数",
      "last 最近",
    ],
    strangers.map(({ address, link, protocol, peer, said, count, last }) => [
      `address: ${address}`,
      link,
      protocol,
      peer,
      said,
      String(count),
      ago(last, now),
    ]),
  );
}

/** Nothing when there are no rows. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? "" : alignColumns([head, ...rows]);
}

/** How long ago an instant was, in whole seconds. */
function ago(then: string | null, now: string | null): string {
  if (then === null || now === null) return "–";
  const span = Math.max(0, Date.parse(now) - Date.parse(then)) * MILLISECOND;
  return formatDuration(Math.round(span / SECOND) * SECOND);
}
