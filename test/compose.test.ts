import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { QUANTITIES } from "../model/quantity.ts";
import { missing } from "./servers/available.ts";
import { type Influxdb1, startInfluxdb1 } from "./servers/influxdb1.ts";

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

interface Composition {
  services: Record<
    string,
    {
      image?: string;
      build?: { context: string; dockerfile: string };
      command?: string[];
      ports?: string[];
      network_mode?: string;
      environment?: Record<string, string>;
      secrets?: string[];
      volumes?: string[];
    }
  >;
  secrets: Record<string, { environment: string }>;
  volumes: Record<string, unknown>;
}

interface Dashboard {
  uid: string;
  panels: { title: string; datasource: { uid: string }; targets: { query: string }[] }[];
  templating: { list: { name: string; query: string }[] };
}

const composition = parse(read("docker-compose.yml"), { merge: true }) as Composition;
const services = Object.entries(composition.services);
const dashboards = readdirSync(join(root, "deploy/grafana/dashboards"))
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(read(`deploy/grafana/dashboards/${name}`)) as Dashboard);
const quantities = new Set<string>(QUANTITIES);
const queries = dashboards.flatMap(({ panels }) =>
  panels.flatMap(({ title, targets }) => targets.map(({ query }) => ({ title, query }))),
);

describe("docker-compose.yml", () => {
  test("brings up InfluxDB, the gateway, the simulators and Grafana", () => {
    expect(Object.keys(composition.services).sort()).toEqual([
      "gateway",
      "grafana",
      "influxdb",
      "simulators",
    ]);
    expect(composition.services.gateway?.command).toEqual(["run", "/site", "--no-simulate"]);
    expect(composition.services.simulators?.command).toEqual(["simulate", "/site/scenario.yaml"]);
    expect(read("deploy/Dockerfile")).toContain('ENTRYPOINT ["node", "gateway/tocsin.js"]');
  });

  test("every image is pinned to a version, or built here", () => {
    for (const [name, { image, build }] of services) {
      if (build) expect(existsSync(join(root, build.context, build.dockerfile)), name).toBe(true);
      else expect(image, name).toMatch(/:\d+\.\d/);
    }
    expect(read("deploy/Dockerfile")).toMatch(/^FROM node:24-slim$/m);
  });

  test("publishes nothing beyond the loopback", () => {
    for (const [, { ports = [] }] of services)
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test("every folder that it mounts is in the tree, every volume and secret is declared", () => {
    for (const [name, { volumes = [], secrets = [] }] of services) {
      for (const volume of volumes) {
        // "${NAME:-default}:/target:ro"
        const source = volume.replace(/\$\{\w+:-([^}]*)\}/, "$1").split(":")[0] ?? "";
        if (source.startsWith(".")) expect(existsSync(join(root, source)), `${name}: ${source}`).toBe(true);
        else expect(composition.volumes, name).toHaveProperty(source);
      }
      for (const secret of secrets) expect(composition.secrets, name).toHaveProperty(secret);
    }
  });

  test("holds no secret: each comes from a variable that deploy/example.env names and leaves empty", () => {
    const example = read("deploy/example.env");
    for (const { environment } of Object.values(composition.secrets)) {
      expect(example).toMatch(new RegExp(`^${environment}=$`, "m"));
    }
    for (const [name, { environment = {} }] of services) {
      for (const [key, value] of Object.entries(environment)) {
        if (/TOKEN|PASSWORD/.test(key))
          expect(value, `${name} ${key}`).toMatch(/^(\$\{\w+:\?|\/run\/secrets\/)/);
      }
    }
  });
});

describe("the Grafana dashboard", () => {
  test("is found by its provider and uses the provisioned data source", () => {
    const { datasources } = parse(read("deploy/grafana/datasources/influxdb.yaml")) as {
      datasources: { uid: string; url: string; jsonData: { dbName: string } }[];
    };
    const [datasource] = datasources;
    const grafana = composition.services.grafana;
    expect(dashboards.length).toBeGreaterThan(0);
    for (const { panels } of dashboards)
      for (const panel of panels) expect(panel.datasource.uid).toBe(datasource?.uid);
    expect(datasource?.url).toBe("http://influxdb:8086");
    expect(datasource?.jsonData.dbName).toBe(
      composition.services.influxdb?.environment?.DOCKER_INFLUXDB_INIT_BUCKET,
    );
    const { providers } = parse(read("deploy/grafana/dashboards/provider.yaml")) as {
      providers: { options: { path: string } }[];
    };
    const mounted = grafana?.volumes?.map((volume) => volume.split(":")[1]);
    for (const { options } of providers) expect(mounted).toContain(options.path);
    const home = grafana?.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? "";
    expect(existsSync(join(root, "deploy/grafana/dashboards", home.split("/").at(-1) ?? ""))).toBe(true);
  });

  test("asks only for measurements, tags and fields of the documented schema", () => {
    const measurements = new Set<string>([...QUANTITIES, "alarm_event", "gateway", "$quantity"]);
    const columns = new Set(["site", "point", "device", "channel", "domain", "value", "quality", "reason"]);
    for (const { title, query } of queries) {
      const [, from = ""] = / FROM (.*?) WHERE /.exec(query) ?? [];
      const asked = from.split(", ").map((name) => name.replaceAll('"', ""));
      for (const measurement of asked) expect(measurements, title).toContain(measurement);
      const rest = query.replace(/ FROM .*? WHERE /, " WHERE ");
      for (const [, column] of rest.matchAll(/"([^"]+)"/g)) expect(columns, title).toContain(column);
    }
  });
});

describe.skipIf(missing("influxd"))("the dashboard's queries, asked of a real InfluxDB", () => {
  let influx: Influxdb1;
  beforeAll(async () => {
    influx = await startInfluxdb1();
    const now = Date.now() * 1_000;
    const tags = "site=demo,point=well-1,device=d1,channel=c1,domain=gas";
    const asked = [...new Set(queries.flatMap(({ query }) => measurementsOf(query)))];
    await influx.write([
      ...asked.map((quantity) => `${quantity},${tags} value=1,quality=0i ${now}`),
      `alarm_event,site=demo,point=well-1,domain=gas seq=1i,transition="raise" ${now}`,
      `gateway,site=demo backlog=0i ${now}`,
    ]);
  });
  afterAll(() => influx?.close());

  test.each(queries)("$title", async ({ query }) => {
    expect(await influx.query(expand(query))).not.toEqual([]);
  });

  test.each(dashboards.flatMap(({ templating }) => templating.list))(
    "the choices of $name",
    async ({ query }) => {
      expect(await influx.query(expand(query))).not.toEqual([]);
    },
  );
});

describe("the systemd unit", () => {
  // A unit of type notify whose program never reports is killed at the end of its start time-out, again and again.
  test("expects reports and a watchdog exactly when the gateway sends them", () => {
    const unit = read("deploy/tocsin.service");
    const reports = readdirSync(join(root, "gateway"), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(ts|js)$/.test(name))
      .some((name) => read(`gateway/${name}`).includes("NOTIFY_SOCKET"));
    expect(/^Type=notify$/m.test(unit)).toBe(reports);
    expect(/^WatchdogSec=/m.test(unit)).toBe(reports);
  });

  test("never gives the gateway up, checks the site first, and gives it no rights beyond its folder", () => {
    const lines = read("deploy/tocsin.service").split("\n");
    for (const line of [
      "StartLimitIntervalSec=0",
      "Restart=always",
      "ExecStartPre=/usr/bin/env node /opt/tocsin/gateway/tocsin.js check /etc/tocsin/site",
      "User=tocsin",
      "NoNewPrivileges=true",
      "ProtectSystem=strict",
      "CapabilityBoundingSet=",
    ]) {
      expect(lines).toContain(line);
    }
  });
});

function measurementsOf(query: string): string[] {
  const [, from = ""] = / FROM (.*?) WHERE /.exec(query) ?? [];
  const names = from.split(", ").map((name) => name.replaceAll('"', ""));
  return names
    .map((name) => (name === "$quantity" ? "gas_lel" : name))
    .filter((name) => quantities.has(name));
}

/** Puts in what Grafana would. */
function expand(query: string): string {
  return query
    .replaceAll("$timeFilter", "time > now() - 15m")
    .replaceAll("$__interval", "10s")
    .replaceAll("$quantity", "gas_lel")
    .replaceAll(/\$\{(site|point):regex\}/g, ".*");
}
