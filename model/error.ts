/** Who can mend what went wrong. */
export type Fault = "configuration" | "device" | "network" | "host" | "internal";

/**
 * Every error of Tocsin has a code: tests, scripts and documents refer to it, never to the wording.
 * A code is never reused for something else.
 */
export const ERROR_CODES = {
  CONFIG_INVALID: { fault: "configuration", what: "The site file, or a file it names, has errors." },
  CONFIG_NOT_FOUND: {
    fault: "configuration",
    what: "A file that the command or the site file names does not exist.",
  },
  CONFIG_SYNTAX: { fault: "configuration", what: "A YAML or CSV file cannot be parsed." },
  PROFILE_INVALID: { fault: "configuration", what: "A device profile breaks a rule of the profile format." },
  RULE_INVALID: { fault: "configuration", what: "A rule can never work as written." },
  UNIT_MISMATCH: { fault: "configuration", what: "Two units cannot be converted into each other as asked." },
  COMMAND_USAGE: { fault: "configuration", what: "A command was called with wrong arguments." },
  SECRET_MISSING: {
    fault: "configuration",
    what: "A secret that the site file names is not in the environment or file.",
  },
  DEVICE_EXCEPTION: { fault: "device", what: "The device answered with a Modbus exception." },
  DEVICE_TIMEOUT: { fault: "device", what: "The device did not answer within its deadline." },
  DEVICE_ANSWER: { fault: "device", what: "The device's answer does not fit the request." },
  DEVICE_UNDECODABLE: { fault: "device", what: "A message of a device cannot be decoded by its profile." },
  WRITE_REFUSED: {
    fault: "configuration",
    what: "Nothing was written: the site file does not allow it, or the value is none the output takes.",
  },
  WRITE_UNVERIFIED: {
    fault: "device",
    what: "The device accepted a write, and something else stands there when it is read back.",
  },
  LINK_DOWN: { fault: "network", what: "A link to devices could not be opened, or was lost." },
  LINK_REFUSED: { fault: "network", what: "The peer refused the connection or the credentials." },
  SINK_UNAVAILABLE: { fault: "network", what: "A sink cannot be reached or asked us to wait." },
  SINK_REFUSED: { fault: "network", what: "A sink refused a batch for good." },
  ROUTE_UNAVAILABLE: {
    fault: "network",
    what: "A route to people cannot be reached, does not let us in, or asked us to wait.",
  },
  ROUTE_REFUSED: { fault: "network", what: "A route to people refused a message for good." },
  ADDRESS_IN_USE: { fault: "host", what: "The port or socket we should listen on is taken." },
  ADDRESS_UNAVAILABLE: { fault: "host", what: "The address we should listen on cannot be used." },
  JOURNAL_UNAVAILABLE: {
    fault: "host",
    what: "The journal cannot write: nothing is acknowledged meanwhile.",
  },
  JOURNAL_DAMAGED: { fault: "host", what: "A journal file is damaged and was set aside." },
  ALREADY_RUNNING: { fault: "host", what: "Another gateway uses this data folder." },
  INTAKE_FULL: {
    fault: "host",
    what: "More readings arrive than can be made durable; the surplus is refused and counted.",
  },
  INTERNAL: { fault: "internal", what: "An invariant of Tocsin is broken. Please report it." },
} as const satisfies Record<string, { fault: Fault; what: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorOptions {
  cause?: unknown;
  /** What the reader can do about it; shown after the message. */
  hint?: string;
}

/** Base of all errors Tocsin throws: `code` says what, the class says who is at fault. */
export class TocsinError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }

  get fault(): Fault {
    return ERROR_CODES[this.code].fault;
  }
}

/** The person who wrote the site file, a profile, or the command line can mend it. */
export class ConfigurationError extends TocsinError {}
/** An instrument misbehaves. */
export class DeviceError extends TocsinError {}
/** Something between us and a peer, or the peer's service. */
export class NetworkError extends TocsinError {}
/** The machine we run on: disk, ports, permissions, another process. */
export class HostError extends TocsinError {}
/** We are at fault. */
export class InternalError extends TocsinError {}

/** The error itself when it is one of ours; anything else wrapped as our own fault, with its cause. */
export function asTocsinError(thrown: unknown): TocsinError {
  if (thrown instanceof TocsinError) return thrown;
  return new InternalError("INTERNAL", describe(thrown), { cause: thrown });
}

/** The words of anything thrown: libraries also reject with plain objects and strings. */
export function describe(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  if (typeof thrown === "string") return thrown;
  if (typeof thrown === "object" && thrown !== null && "message" in thrown) return String(thrown.message);
  return String(thrown);
}
