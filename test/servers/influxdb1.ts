import { writeFileSync } from "node:fs";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { requireProgram } from "./available.ts";
import { ServerProcess } from "./server-process.ts";

/** A time stamp's unit in the InfluxDB 1.x interface; `u` is microseconds. */
export type Precision = "ns" | "u" | "ms" | "s";

/** A row of a query: its series' name and tags, and a value for each column. */
export type Row = { measurement: string; tags: Record<string, string> } & Record<string, unknown>;

/** Options of {@link startInfluxdb1}. */
export interface Influxdb1Options {
  /** The database that is created and that queries and writes go to. */
  database?: string;
}

/** An InfluxDB 1.x server of one test. */
export interface Influxdb1 extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly server: ServerProcess;
  /** Runs one InfluxQL statement; times come as numbers in µs unless told otherwise. */
  query(sql: string, precision?: Precision): Promise<Row[]>;
  /** Writes line protocol. @throws {Error} with the server's words when it does not answer 204. */
  write(lines: readonly string[], precision?: Precision): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Stops it and removes its folder. */
  close(): Promise<void>;
}

interface QueryAnswer {
  error?: string;
  results?: {
    error?: string;
    series?: { name: string; tags?: Record<string, string>; columns: string[]; values?: unknown[][] }[];
  }[];
}

/** Starts Debian's `influxd` 1.6 in a fresh folder and creates the database. */
export async function startInfluxdb1({ database = "tocsin" }: Influxdb1Options = {}): Promise<Influxdb1> {
  const folder = temporaryFolder("influxdb1");
  const server = await ServerProcess.start({
    name: "influxd",
    ports: 2,
    command: ([http, rpc]) => {
      const file = folder.join("influxdb.conf");
      writeFileSync(file, configuration({ folder: folder.path, http: http ?? 0, rpc: rpc ?? 0 }));
      return { command: requireProgram("influxd"), args: ["-config", file] };
    },
    bound: /Listening on HTTP/,
    answers: async ([http]) => (await fetch(`http://127.0.0.1:${http}/ping`)).status === 204,
  });
  const url = `http://127.0.0.1:${server.port()}`;

  async function query(sql: string, precision: Precision = "u"): Promise<Row[]> {
    const body = new URLSearchParams({ q: sql, db: database, epoch: precision });
    const response = await fetch(`${url}/query`, { method: "POST", body });
    const answer = (await response.json()) as QueryAnswer;
    const error = answer.error ?? answer.results?.find((result) => result.error !== undefined)?.error;
    if (error !== undefined) throw new Error(`influxd refused ${sql}: ${error}`);
    return (answer.results ?? []).flatMap(({ series = [] }) =>
      series.flatMap(({ name, tags = {}, columns, values = [] }) =>
        values.map((row) => ({
          measurement: name,
          tags,
          ...Object.fromEntries(columns.map((column, index) => [column, row[index]])),
        })),
      ),
    );
  }

  async function write(lines: readonly string[], precision: Precision = "u"): Promise<void> {
    const target = `${url}/write?${new URLSearchParams({ db: database, precision })}`;
    const response = await fetch(target, { method: "POST", body: lines.join("\n") });
    const words = await response.text();
    if (response.status !== 204) throw new Error(`influxd answered ${response.status}: ${words.trim()}`);
  }

  const close = async () => {
    await server.stop();
    folder.remove();
  };
  await query(`CREATE DATABASE "${database}"`);
  return {
    url,
    host: "127.0.0.1",
    port: server.port(),
    database,
    server,
    query,
    write,
    stop: () => server.stop(),
    kill: () => server.kill(),
    start: () => server.start(),
    restart: () => server.restart(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Everything on the loopback, nothing reported to its makers, no limits on series (0), and no metrics of its own. */
function configuration({ folder, http, rpc }: { folder: string; http: number; rpc: number }): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
  max-series-per-database = 0
  max-values-per-tag = 0
[monitor]
  store-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
[http]
  enabled = true
  bind-address = "127.0.0.1:${http}"
  log-enabled = false
  flux-enabled = false
`;
}
