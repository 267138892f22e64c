import type { DriverKind } from "../../../drivers/driver.ts";
import { driverKinds } from "../../../drivers/registry.ts";
import { ConfigurationError } from "../../../model/error.ts";

/** A link as it is given on the command line, ready to be opened. */
export interface LinkOnCommandLine {
  readonly kind: DriverKind;
  readonly options: object;
  /** As it was written. */
  readonly text: string;
}

/** Beginnings of links, with the type they stand for and whether a path or a host follows. */
const SCHEMES: Readonly<Record<string, { type: string; serial: boolean }>> = {
  tcp: { type: "modbus-tcp", serial: false },
  "rtu+tcp": { type: "modbus-rtu-over-tcp", serial: false },
  "ascii+tcp": { type: "modbus-ascii-over-tcp", serial: false },
  rtu: { type: "modbus-rtu", serial: true },
  ascii: { type: "modbus-ascii", serial: true },
};

/** Short names of options. */
const SHORT: Readonly<Record<string, string>> = {
  baud: "baudRate",
  stop: "stopBits",
  bits: "dataBits",
};

/** How a link is written, for help and errors. */
export const LINK_FORM = "tcp://host:port, rtu:/dev/ttyS1?baud=9600&parity=even, rtu+tcp://host:port";

/**
 * A link from its text. After `?` come options of the link's type, `&` between them; `baud`, `stop` and `bits` are short.
 * @throws ConfigurationError COMMAND_USAGE for what is no link.
 */
export function parseLink(text: string, more: Readonly<Record<string, unknown>> = {}): LinkOnCommandLine {
  const match = /^(?<scheme>[a-z+]+):(?:\/\/)?(?<where>[^?]+)(?:\?(?<query>.*))?$/.exec(text);
  const scheme = SCHEMES[match?.groups?.scheme ?? ""];
  const where = match?.groups?.where;
  if (scheme === undefined || where === undefined) throw notALink(text, "it begins with none that is known");
  const options: Record<string, unknown> = { ...more };
  if (scheme.serial) options.path = where;
  else {
    const peer = /^(?<host>\[[^\]]+\]|[^:]+)(?::(?<port>\d+))?$/.exec(where)?.groups;
    if (peer?.host === undefined) throw notALink(text, `${where} is no host and port`);
    options.host = peer.host.replace(/^\[|\]$/g, "");
    if (peer.port !== undefined) options.port = Number(peer.port);
  }
  for (const [name, value] of new URLSearchParams(match?.groups?.query ?? "")) {
    options[SHORT[name] ?? name] = /^\d+$/.test(value) ? Number(value) : value;
  }
  const kind = driverKinds.get(scheme.type);
  if (kind === undefined) throw notALink(text, `there is no driver for ${scheme.type}`);
  const parsed = kind.link.safeParse(options);
  if (!parsed.success) {
    const said = parsed.error.issues.map((issue) =>
      `${issue.path.join(".")}: ${issue.message}`.replace(/^: /, ""),
    );
    throw notALink(text, said.join("; "));
  }
  return { kind, options: parsed.data as object, text };
}

function notALink(text: string, why: string): ConfigurationError {
  return new ConfigurationError("COMMAND_USAGE", `--link ${text}: ${why}`, {
    hint: `for example: ${LINK_FORM}`,
  });
}
