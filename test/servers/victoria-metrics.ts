import { temporaryFolder } from "../support/temporary-folder.ts";
import { requireProgram } from "./available.ts";
import { ServerProcess } from "./server-process.ts";

/** A series as the server exports it: labels (`__name__` is `<measurement>_<field>`), values and times in ms. */
export interface ExportedSeries {
  metric: Record<string, string>;
  values: number[];
  timestamps: number[];
}

/** A VictoriaMetrics server of one test: it takes the write requests of InfluxDB 1.x and 2.x. */
export interface VictoriaMetrics extends AsyncDisposable {
  /** Base for clients of either version: `/write` and `/api/v2/write` lie below. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly server: ServerProcess;
  /** Writes line protocol through the InfluxDB 2.x interface; times in µs. */
  write(lines: readonly string[]): Promise<void>;
  /** Makes everything written so far visible to queries. */
  flush(): Promise<void>;
  /** All points of the series that match, e.g. `{__name__="gas_lel_value"}`; flushes first. Points sent twice come twice. */
  export(match: string): Promise<ExportedSeries[]>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  restart(): Promise<void>;
  /** Stops it and removes its folder. */
  close(): Promise<void>;
}

/** Starts Debian's `victoria-metrics` in a fresh folder. */
export async function startVictoriaMetrics(): Promise<VictoriaMetrics> {
  const folder = temporaryFolder("victoria-metrics");
  const server = await ServerProcess.start({
    name: "victoria-metrics",
    ports: 1,
    command: ([http]) => ({
      command: requireProgram("victoria-metrics"),
      args: [
        `-storageDataPath=${folder.join("data")}`,
        `-httpListenAddr=127.0.0.1:${http}`,
        // Recorded events of past decades would be refused by the default retention of a month.
        "-retentionPeriod=100y",
        "-memory.allowedBytes=64MB",
        "-search.disableCache",
        "-search.latencyOffset=0s",
      ],
    }),
    bound: /started VictoriaMetrics in/,
    answers: async ([http]) => (await fetch(`http://127.0.0.1:${http}/health`)).ok,
  });
  const url = `http://127.0.0.1:${server.port()}`;

  async function request(path: string, body?: string): Promise<string> {
    const response = await fetch(`${url}${path}`, body === undefined ? {} : { method: "POST", body });
    const words = await response.text();
    if (!response.ok)
      throw new Error(`victoria-metrics answered ${response.status} to ${path}: ${words.trim()}`);
    return words;
  }

  const flush = async () => {
    await request("/internal/force_flush");
  };
  const close = async () => {
    await server.stop();
    folder.remove();
  };
  return {
    url,
    host: "127.0.0.1",
    port: server.port(),
    server,
    write: async (lines) => {
      await request("/api/v2/write?org=tocsin&bucket=tocsin&precision=us", lines.join("\n"));
    },
    flush,
    export: async (match) => {
      await flush();
      const lines = await request(`/api/v1/export?${new URLSearchParams({ "match[]": match })}`);
      return lines
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as ExportedSeries);
    },
    stop: () => server.stop(),
    kill: () => server.kill(),
    start: () => server.start(),
    restart: () => server.restart(),
    close,
    [Symbol.asyncDispose]: close,
  };
}
