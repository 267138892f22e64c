import { ConfigurationError, describe } from "../../model/error.ts";
import type {
  Influxdb1Options,
  Influxdb2Options,
  InfluxOptions,
  SinkConfiguration,
  TlsOptions,
} from "./options.ts";
import type { SparkplugSinkOptions } from "./sparkplug/options.ts";

/** What the HTTPS agent is given. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

interface Resolved<Options extends InfluxOptions> {
  readonly type: Options["type"];
  readonly id: string;
  readonly options: Options;
  readonly tls?: TlsMaterial;
}

/** A sink with its secrets and files read: plain data, for the reader thread. Never logged. */
export interface ResolvedInfluxdb1 extends Resolved<Influxdb1Options> {
  readonly password?: string;
}
/** See `ResolvedInfluxdb1`. */
export interface ResolvedInfluxdb2 extends Resolved<Influxdb2Options> {
  readonly token?: string;
}
/** A sink that takes line protocol. */
export type ResolvedInflux = ResolvedInfluxdb1 | ResolvedInfluxdb2;
/** See `ResolvedInfluxdb1`. The files of `tls` are read where the connection is made. */
export interface ResolvedSparkplug {
  readonly type: "sparkplug";
  readonly id: string;
  readonly options: SparkplugSinkOptions;
  readonly password?: string;
}
export type ResolvedSink = ResolvedInflux | ResolvedSparkplug;

/**
 * Reads the secrets and files that a sink names.
 * @throws ConfigurationError SECRET_MISSING (from `secret`), CONFIG_NOT_FOUND for a certificate or key.
 */
export function resolveSink(
  { id, options }: SinkConfiguration,
  secret: (reference: string) => string,
): ResolvedSink {
  if (options.type === "sparkplug") {
    const password = options.password === undefined ? {} : { password: secret(options.password) };
    return { type: "sparkplug", id, options, ...password };
  }
  const tls = options.tls === undefined ? {} : { tls: readTls(`sink ${id}`, options.tls, secret) };
  switch (options.type) {
    case "influxdb1":
      return {
        type: "influxdb1",
        id,
        options,
        ...tls,
        ...(options.password === undefined ? {} : { password: secret(options.password) }),
      };
    case "influxdb2":
      return {
        type: "influxdb2",
        id,
        options,
        ...tls,
        ...(options.token === undefined ? {} : { token: secret(options.token) }),
      };
  }
}

/** Reads the files of `tls`; `of` says in errors whose they are. @throws ConfigurationError CONFIG_NOT_FOUND */
export function readTls(of: string, options: TlsOptions, secret: (reference: string) => string): TlsMaterial {
  // Read like a secret's file, so that a relative path counts from the same folder.
  const read = (path: string) => {
    try {
      return secret(`file:${path}`);
    } catch (cause) {
      throw new ConfigurationError("CONFIG_NOT_FOUND", `${of}: cannot read ${path}: ${describe(cause)}`, {
        cause,
      });
    }
  };
  return {
    ...(options.ca === undefined ? {} : { ca: read(options.ca) }),
    ...(options.certificate === undefined ? {} : { cert: read(options.certificate) }),
    ...(options.key === undefined ? {} : { key: read(options.key) }),
    ...(options.serverName === undefined ? {} : { servername: options.serverName }),
    rejectUnauthorized: options.verify,
  };
}
