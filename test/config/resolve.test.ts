import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type LoadOptions, loadConfiguration, loadSite } from "../../gateway/config/load.ts";
import type { Configuration } from "../../gateway/configuration.ts";
import { ConfigurationError } from "../../model/error.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../model/time.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Loads a site from the texts of its files; `site.yaml` unless a folder is meant. */
function load(
  files: Record<string, string>,
  options: LoadOptions & { path?: string } = {},
): { configuration: Configuration | undefined; said: string[]; folder: string } {
  using folder = temporaryFolder("site");
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  const { configuration, problems } = loadSite(join(folder.path, options.path ?? "site.yaml"), {
    environment: {},
    ...options,
  });
  const said = problems.map(
    ({ line, column, severity, message }) => `${line}:${column} ${severity} ${message.en}`,
  );
  return { configuration, said, folder: folder.path };
}

function sound(files: Record<string, string> | string, options: LoadOptions = {}): Configuration {
  const { configuration, said } = load(typeof files === "string" ? { "site.yaml": files } : files, options);
  if (configuration === undefined) throw new Error(said.join("\n"));
  return configuration;
}

const HEAD = "site: { id: demo, name: { zh: 示范站, en: Demo } }\n";
const GAS = `${HEAD}
links:
  bus: { type: modbus-rtu-over-tcp, host: 192.0.2.1, port: 4001, name: 井下总线 }
points:
  well: { name: 阀门井, domain: gas }
  well-2: { name: 2号井, domain: gas, mode: exercise }
devices:
  gd-1:
    profile: generic-lel
    link: bus
    point: well
    address: { unit: 1, period: 4s }
    channels:
      lel: { gas: C3H8, range: { low: 0, high: 50 }, name: 丙烷 }
      alarm1: { point: well-2 }
      alarm2: { exclude: true }
      fault_code: { stale: 90s }
    derived:
      double: { quantity: gas_lel, linear: { input: lel, scale: 2 } }
rules:
  leak: { name: 泄漏, applies: { quantity: gas_lel }, above: { red: 25 } }
  own: { name: 探测器报警, applies: { quantity: gas_alarm }, equals: { red: active } }
`;

function channel(configuration: Configuration, key: string) {
  const found = configuration.site.channels.find((candidate) => candidate.key === key);
  if (found === undefined) throw new Error(`no channel ${key}`);
  return found;
}

describe("a polled detector", () => {
  const configuration = sound(GAS);
  const { site } = configuration;

  test("has its profile's channels, but for the one that is left out, and the computed one", () => {
    expect(site.channels.map(({ key }) => key)).toEqual([
      "gd-1.lel",
      "gd-1.alarm1",
      "gd-1.fault",
      "gd-1.fault_code",
      "gd-1.heartbeat",
      "gd-1.double",
    ]);
    expect(site.devices[0]?.channels).toEqual([0, 1, 2, 3, 4, 5]);
    expect(site.channels.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("takes the period of the driver, and is lost after three of them unless somebody says otherwise", () => {
    expect(channel(configuration, "gd-1.lel")).toMatchObject({ period: 4 * SECOND, stale: 12 * SECOND });
    expect(channel(configuration, "gd-1.fault_code")).toMatchObject({
      period: 4 * SECOND,
      stale: 90 * SECOND,
    });
  });

  test("takes gas, range and name of the site before the profile's", () => {
    expect(channel(configuration, "gd-1.lel")).toMatchObject({
      gas: "C3H8",
      range: { low: 0, high: 50 },
      name: { zh: "丙烷", en: "丙烷" },
      unit: "%LEL",
    });
  });

  test("believes a device time of ten minutes at most, asserts danger with its alarm bits only", () => {
    expect(channel(configuration, "gd-1.lel")).toMatchObject({ greatestDelay: 10 * MINUTE, danger: false });
    expect(channel(configuration, "gd-1.alarm1")).toMatchObject({
      danger: true,
      states: { 0: "normal", 1: "active" },
    });
    expect(channel(configuration, "gd-1.heartbeat").heartbeat).toBe(30 * SECOND);
  });

  test("lends a channel to another point, whose mode it then has", () => {
    expect(channel(configuration, "gd-1.alarm1")).toMatchObject({ point: 1, mode: "exercise" });
    expect(channel(configuration, "gd-1.lel")).toMatchObject({ point: 0, mode: "live" });
  });

  test("computes with the pace of its input", () => {
    expect(channel(configuration, "gd-1.double")).toMatchObject({
      period: 4 * SECOND,
      stale: 12 * SECOND,
      derivation: { kind: "linear", input: 0, scale: 2, offset: 0 },
    });
  });

  test("reaches its driver with the ids that the profile's section knows, without the computed channel", () => {
    const [device, ...others] = configuration.devicesOf(0);
    expect(others).toEqual([]);
    expect(device?.address).toEqual({ unit: 1, period: 4 * SECOND });
    expect(device?.channels.map(({ local, channel }) => [local, channel.key])).toEqual([
      ["lel", "gd-1.lel"],
      ["alarm1", "gd-1.alarm1"],
      ["fault", "gd-1.fault"],
      ["fault_code", "gd-1.fault_code"],
      ["heartbeat", "gd-1.heartbeat"],
    ]);
    expect(device?.profile).toBe(configuration.profiles.get("generic-lel")?.modbus);
  });

  test("hangs on a link with a key of its own, its options without type and name", () => {
    expect(site.links[0]).toMatchObject({ id: "bus", key: "link@bus", type: "modbus-rtu-over-tcp" });
    expect(site.links[0]?.name).toEqual({ zh: "井下总线", en: "井下总线" });
    expect(site.links[0]?.options).toMatchObject({ host: "192.0.2.1", port: 4001, timeout: SECOND });
    expect(site.links[0]?.options).not.toHaveProperty("type");
  });
});

test("a fire panel's components have channels under their own name, each at its point", () => {
  const configuration = sound(`${HEAD}
links: { panel: { type: modbus-tcp, host: 192.0.2.1 } }
points: { f1: { name: 1层, domain: fire }, f2: { name: 2层, domain: fire } }
devices:
  fp:
    profile: notifier-modbus-gw
    link: panel
    point: f1
    components:
      l1d1: { name: 大堂感烟, address: { loop: 1, number: 1 } }
      l1m2: { point: f2, address: { loop: 1, module: 1, number: 2 } }
    channels:
      l1m2.event: { exclude: true }
      l1m2.fire: { name: 2层手动报警 }
rules:
  fire: { name: 火警, applies: { quantity: [fire, co_alarm, pre_alarm] }, equals: { red: active } }
`);
  const { site } = configuration;
  expect(site.components).toEqual([
    {
      index: 0,
      id: "l1d1",
      key: "fp:l1d1",
      name: { zh: "大堂感烟", en: "大堂感烟" },
      device: 0,
      point: 0,
      address: { loop: 1, module: 0, number: 1 },
    },
    {
      index: 1,
      id: "l1m2",
      key: "fp:l1m2",
      name: { zh: "l1m2", en: "l1m2" },
      device: 0,
      point: 1,
      address: { loop: 1, module: 1, number: 2 },
    },
  ]);
  const fire = site.channels.filter(({ quantity }) => quantity === "fire");
  expect(fire.map(({ key, id, component, point }) => ({ key, id, component, point }))).toEqual([
    // Of the panel itself, for detectors that are not listed.
    { key: "fp.unlisted_fire", id: "unlisted_fire", component: undefined, point: 0 },
    { key: "fp:l1d1.fire", id: "l1d1.fire", component: 0, point: 0 },
    { key: "fp:l1m2.fire", id: "l1m2.fire", component: 1, point: 1 },
  ]);
  expect(fire.map(({ name }) => name.zh)).toEqual(["未登记部件火警", "火警", "2层手动报警"]);
  expect(site.channels.filter(({ quantity }) => quantity === "code").map(({ id }) => id)).toEqual([
    "unlisted_address",
    "l1d1.event",
  ]);
  const onLink = configuration
    .devicesOf(0)[0]
    ?.channels.find(({ channel }) => channel.key === "fp:l1m2.fire");
  expect(onLink).toMatchObject({ local: "fire", component: { id: "l1m2" } });
});

test("a smoke alarm that only speaks when something happens is judged by its device's liveness, not by its channels", () => {
  const configuration = sound(`${HEAD}
links: { broker: { type: mqtt-broker } }
points: { room: { name: 301室, domain: fire } }
devices: { sa: { profile: json-smoke-alarm, link: broker, point: room, liveness: 26h } }
rules: { smoke: { name: 烟雾, applies: { quantity: smoke }, equals: { red: active } } }
`);
  expect(configuration.site.devices[0]?.liveness).toBe(26 * HOUR);
  expect(channel(configuration, "sa.smoke")).toMatchObject({
    period: 0,
    stale: 0,
    report: "on-change",
    greatestDelay: 2 * DAY,
  });
});

test("a level in a datum comes from the gauge's own pressure", () => {
  const configuration = sound(`${HEAD}
links: { tcp: { type: modbus-tcp, host: 192.0.2.1 } }
points: { river: { name: 断面, domain: water } }
devices:
  wl:
    profile: keller-series30
    link: tcp
    point: river
    derived:
      level: { quantity: water_level, linear: { input: pressure, scale: 0.10197, offset: 175.2 } }
      flow: { quantity: flow, curve: { input: level, points: [[175.2, 0], [176, 12.5], [178, 80]] } }
      odd: { quantity: water_level, resultant: { inputs: [level, level] } }
rules: { level: { name: 水位, applies: { quantity: water_level }, above: { red: 178 } } }
`);
  expect(channel(configuration, "wl.level").derivation).toEqual({
    kind: "linear",
    input: 0,
    scale: 0.10197,
    offset: 175.2,
  });
  expect(channel(configuration, "wl.flow").derivation).toEqual({
    kind: "curve",
    input: channel(configuration, "wl.level").index,
    x: [175.2, 176, 178],
    y: [0, 12.5, 80],
  });
});

describe("points", () => {
  test("keep WGS-84 whatever map they were taken from, and belong to groups from either side", () => {
    const { site } = sound(`${HEAD}
points:
  a: { name: 甲, domain: gas, stage: planned, groups: [street], location: { longitude: 109.8798, latitude: 31.0776, system: gcj02, floor: 3F } }
  b: { name: 乙, domain: gas, stage: planned, location: { longitude: 109.8798, latitude: 31.0776 } }
  c: { name: 丙, domain: gas, stage: planned }
groups:
  street: { name: 老街, points: [b] }
`);
    expect(site.points[0]?.location.floor).toBe("3F");
    expect(site.points[0]?.location.longitude).toBeCloseTo(109.875, 2);
    expect(site.points[0]?.location.longitude).not.toBe(109.8798);
    expect(site.points[1]?.location).toEqual({ longitude: 109.8798, latitude: 31.0776 });
    expect(site.groups).toMatchObject([{ id: "street", points: [0, 1] }]);
  });

  test("take the site's mode unless they have one", () => {
    const { site } = sound(
      "site: { id: demo, name: 演示, mode: simulated }\npoints:\n  a: { name: 甲, domain: gas, stage: planned }\n  b: { name: 乙, domain: gas, stage: planned, mode: test }\n",
    );
    expect(site.points.map(({ mode }) => mode)).toEqual(["simulated", "test"]);
  });

  test("are in test while they are planned or in commissioning, unless the site says otherwise", () => {
    const { site } = sound(
      "site: { id: demo, name: 演示 }\npoints:\n  a: { name: 甲, domain: gas, stage: planned }\n  b: { name: 乙, domain: gas, stage: commissioning }\n  c: { name: 丙, domain: gas, stage: retired }\n  d: { name: 丁, domain: gas, stage: commissioning, mode: live }\n",
    );
    expect(site.points.map(({ mode }) => mode)).toEqual(["test", "test", "live", "live"]);
  });
});

describe("the revision", () => {
  test("stays the same when only comments and line breaks change", () => {
    const written = sound(GAS).site.revision;
    expect(written).toMatch(/^[0-9a-f]{12}$/);
    expect(sound(`# a comment\n${GAS}\n`).site.revision).toBe(written);
  });

  test("changes with a limit, and with a cell of a table", () => {
    expect(sound(GAS.replace("red: 25", "red: 26")).site.revision).not.toBe(sound(GAS).site.revision);
    const homes = (room: string) => ({
      "site.yaml": HOMES,
      "homes.csv": `id,room,imei,full\nh-1,${room},861,100\nh-2,102,862,100\n`,
    });
    expect(sound(homes("101")).site.revision).not.toBe(sound(homes("102")).site.revision);
  });
});

const HOMES = `${HEAD}
links: { broker: { type: mqtt-broker } }
groups: { elderly: { name: 独居老人 } }
templates:
  home:
    points:
      \${id}: { name: "\${room}室", domain: fire, groups: [elderly] }
    devices:
      \${id}-smoke:
        profile: json-smoke-alarm
        link: broker
        point: \${id}
        serial: \${imei}
        address: { id: "\${imei}" }
        channels: { battery: { range: { low: 0, high: "\${full}" } } }
instances:
  - template: home
    from: homes.csv
    override:
      h-2: { points: { h-2: { stage: commissioning } }, devices: { h-2-smoke: { liveness: 1h } } }
rules: { smoke: { name: 烟雾, applies: { group: elderly, quantity: smoke }, equals: { red: active } } }
`;

describe("homes from a template and a table", () => {
  const configuration = sound({
    "site.yaml": HOMES,
    "homes.csv": '\ufeffid,room,imei,full,note\r\nh-1,101,00861,100,"老人, 独居"\r\nh-2,102,00862,95.5,\r\n',
  });
  const { site } = configuration;

  test("are points, devices and members of a group like those that are written out", () => {
    expect(site.points.map(({ id, name }) => [id, name.zh])).toEqual([
      ["h-1", "101室"],
      ["h-2", "102室"],
    ]);
    expect(site.groups[0]?.points).toEqual([0, 1]);
    expect(configuration.rules[0]?.subjects.length).toBe(2);
  });

  test("keep a cell as text where text is wanted, and read it as a number where a number is", () => {
    expect(site.devices[0]?.serial).toBe("00861");
    expect(configuration.devicesOf(0)[1]?.address).toEqual({ id: "00862" });
    expect(channel(configuration, "h-2-smoke.battery").range).toEqual({ low: 0, high: 95.5 });
  });

  test("differ where one is overridden, and only there", () => {
    expect(site.points.map(({ stage }) => stage)).toEqual(["live", "commissioning"]);
    expect(site.devices.map(({ liveness }) => liveness)).toEqual([50 * HOUR, HOUR]);
  });
});

describe("a folder of files", () => {
  const files = {
    "site/a.yaml": `${HEAD}links: { broker: { type: mqtt-broker } }\nprofiles: []\n`,
    "site/b.yml": "points:\n  room: { name: 301室, domain: fire, stage: planned }\n",
    "site/c.yaml": "points:\n  hall: { name: 大堂, domain: fire, stage: planned }\n",
    "site/scenario.yaml": "story: []\n",
    "site/notes.txt": "nothing for us",
  };

  test("is one site, without scenarios and other files", () => {
    const { configuration, said } = load(files, { path: "site" });
    expect(said).toEqual([]);
    expect(configuration?.site.points.map(({ id }) => id)).toEqual(["room", "hall"]);
    expect(configuration?.files.length).toBe(3);
  });

  test("keeps its data beside the files, where the site or the caller does not say otherwise", () => {
    const { configuration, folder } = load(files, { path: "site" });
    expect(configuration?.dataFolder).toBe(join(folder, "site", "data"));
    expect(load(files, { path: "site", data: "/var/lib/tocsin" }).configuration?.dataFolder).toBe(
      "/var/lib/tocsin",
    );
    const environment = { TOCSIN_DATA: "/srv/tocsin" };
    expect(load(files, { path: "site", environment }).configuration?.dataFolder).toBe("/srv/tocsin");
    expect(load(files, { path: "site", environment, data: "/a" }).configuration?.dataFolder).toBe("/a");
  });
});

describe("the environment", () => {
  const environment = {
    TOCSIN_INFLUX_URL: "http://127.0.0.1:8086",
    TOCSIN_INFLUX_ORG: "county",
    TOCSIN_INFLUX_TOKEN: "secret",
  };

  test("adds InfluxDB to a site that has none, the token by reference", () => {
    const { sinks } = sound(HEAD, { environment });
    expect(sinks).toMatchObject([
      {
        id: "influx",
        options: {
          type: "influxdb2",
          url: "http://127.0.0.1:8086",
          org: "county",
          bucket: "tocsin",
          token: "env:TOCSIN_INFLUX_TOKEN",
        },
      },
    ]);
  });

  test("leaves a sink of that name in the site file as it is", () => {
    const own = `${HEAD}sinks: { influx: { type: influxdb1, url: "http://192.0.2.1:8086", database: d } }\n`;
    expect(sound(own, { environment }).sinks).toMatchObject([
      { id: "influx", options: { type: "influxdb1" } },
    ]);
  });

  test("with a wrong address is a problem like another", () => {
    const { configuration, said } = load(
      { "site.yaml": HEAD },
      { environment: { TOCSIN_INFLUX_URL: "influx:8086" } },
    );
    expect(configuration).toBeUndefined();
    expect(said).toEqual(['1:1 error "url": write http://HOST:PORT or https://HOST:PORT']);
  });
});

test("samples that come many to a message are lost after five seconds of silence, not after three samples", () => {
  const configuration = sound(`${HEAD}
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:1883" } }
points: { cliff: { name: 危岩, domain: geohazard } }
devices: { geo-3: { profile: json-vibration, link: broker, point: cliff, channels: { velocity: { period: 5ms } } } }
rules: { strong: { name: 强震, applies: { quantity: vibration_peak_velocity }, above: { red: 5 } } }
`);
  expect(channel(configuration, "geo-3.velocity")).toMatchObject({ period: 5_000, stale: 5 * SECOND });
  expect(channel(configuration, "geo-3.peak")).toMatchObject({ period: MINUTE, stale: 3 * MINUTE });
});

test("who only goes on with a sound site gets all problems in one error, with the code of the first", () => {
  using folder = temporaryFolder("site");
  const path = join(folder.path, "site.yaml");
  writeFileSync(path, "site: { id: Demo }\nlink: {}\n");
  const thrown = (() => {
    try {
      return loadConfiguration(path);
    } catch (error) {
      return error;
    }
  })();
  expect(thrown).toBeInstanceOf(ConfigurationError);
  expect(thrown).toMatchObject({ code: "CONFIG_INVALID" });
  expect(String(thrown)).toMatch(
    /site\.yaml:1:1: error[\s\S]*"name" is missing[\s\S]*:1:13: error[\s\S]*:2:1: error[\s\S]*did you mean "links"/,
  );
});
