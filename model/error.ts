import type { Text } from "./text.ts";

/** Who can mend what went wrong. */
export type Fault = "configuration" | "device" | "network" | "host" | "internal";

/**
 * Every error of Tocsin has a code: tests, scripts and documents refer to it, never to the wording.
 * A code is never reused for something else.
 */
export const ERROR_CODES = {
  CONFIG_INVALID: {
    fault: "configuration",
    what: { en: "The site file, or a file it names, has errors.", zh: "站点文件或它引用的文件有误。" },
  },
  CONFIG_NOT_FOUND: {
    fault: "configuration",
    what: {
      en: "A file that the command or the site file names does not exist.",
      zh: "命令或站点文件所写的文件不存在。",
    },
  },
  CONFIG_SYNTAX: {
    fault: "configuration",
    what: { en: "A YAML or CSV file cannot be parsed.", zh: "YAML 或 CSV 文件无法解析。" },
  },
  PROFILE_INVALID: {
    fault: "configuration",
    what: { en: "A device profile breaks a rule of the profile format.", zh: "型号文件不符合格式要求。" },
  },
  RULE_INVALID: {
    fault: "configuration",
    what: { en: "A rule can never work as written.", zh: "规则照此写法无法工作。" },
  },
  UNIT_MISMATCH: {
    fault: "configuration",
    what: { en: "Two units cannot be converted into each other as asked.", zh: "两个单位不能按要求换算。" },
  },
  COMMAND_USAGE: {
    fault: "configuration",
    what: { en: "A command was called with wrong arguments.", zh: "命令的参数有误。" },
  },
  SECRET_MISSING: {
    fault: "configuration",
    what: {
      en: "A secret that the site file names is not in the environment or file.",
      zh: "站点文件引用的密钥不在环境变量或文件中。",
    },
  },
  DEVICE_EXCEPTION: {
    fault: "device",
    what: { en: "The device answered with a Modbus exception.", zh: "设备应答了 Modbus 异常码。" },
  },
  DEVICE_TIMEOUT: {
    fault: "device",
    what: { en: "The device did not answer within its deadline.", zh: "设备未在时限内应答。" },
  },
  DEVICE_ANSWER: {
    fault: "device",
    what: { en: "The device's answer does not fit the request.", zh: "设备的应答与请求不符。" },
  },
  DEVICE_UNDECODABLE: {
    fault: "device",
    what: {
      en: "A message of a device cannot be decoded by its profile.",
      zh: "设备的报文不能按型号文件解析。",
    },
  },
  WRITE_REFUSED: {
    fault: "configuration",
    what: {
      en: "Nothing was written: the site file does not allow it, or the value is none the output takes.",
      zh: "没有写入：站点文件不允许，或该输出不接受这个值。",
    },
  },
  WRITE_UNVERIFIED: {
    fault: "device",
    what: {
      en: "The device accepted a write, and something else stands there when it is read back.",
      zh: "设备已接受写入，但回读的值不一致。",
    },
  },
  LINK_DOWN: {
    fault: "network",
    what: { en: "A link to devices could not be opened, or was lost.", zh: "设备链路打不开，或已中断。" },
  },
  LINK_REFUSED: {
    fault: "network",
    what: { en: "The peer refused the connection or the credentials.", zh: "对端拒绝连接或凭据。" },
  },
  SINK_UNAVAILABLE: {
    fault: "network",
    what: { en: "A sink cannot be reached or asked us to wait.", zh: "数据库无法连接，或要求稍后再送。" },
  },
  SINK_REFUSED: {
    fault: "network",
    what: { en: "A sink refused a batch for good.", zh: "数据库拒收一批数据。" },
  },
  ROUTE_UNAVAILABLE: {
    fault: "network",
    what: {
      en: "A route to people cannot be reached, does not let us in, or asked us to wait.",
      zh: "告警通道无法连接、不让登录，或要求稍后再发。",
    },
  },
  ROUTE_REFUSED: {
    fault: "network",
    what: { en: "A route to people refused a message for good.", zh: "告警通道拒收一条消息。" },
  },
  ADDRESS_IN_USE: {
    fault: "host",
    what: { en: "The port or socket we should listen on is taken.", zh: "要监听的端口或套接字已被占用。" },
  },
  ADDRESS_UNAVAILABLE: {
    fault: "host",
    what: { en: "The address we should listen on cannot be used.", zh: "要监听的地址不可用。" },
  },
  JOURNAL_UNAVAILABLE: {
    fault: "host",
    what: {
      en: "The journal cannot write: nothing is acknowledged meanwhile.",
      zh: "数据无法存盘：在此期间一律不予应答。",
    },
  },
  JOURNAL_DAMAGED: {
    fault: "host",
    what: { en: "A journal file is damaged and was set aside.", zh: "有存盘文件损坏，已移开保留。" },
  },
  ALREADY_RUNNING: {
    fault: "host",
    what: { en: "Another gateway uses this data folder.", zh: "另有网关正在使用这个数据目录。" },
  },
  INTAKE_FULL: {
    fault: "host",
    what: {
      en: "More readings arrive than can be made durable; the surplus is refused and counted.",
      zh: "读数多到来不及存盘，多出的拒收并计数。",
    },
  },
  INTERNAL: {
    fault: "internal",
    what: {
      en: "An invariant of Tocsin is broken. Please report it.",
      zh: "Tocsin 自身的错误，请报告给我们。",
    },
  },
} as const satisfies Record<string, { fault: Fault; what: Text }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorOptions {
  cause?: unknown;
  /** What the reader can do about it; shown after the message. */
  hint?: string | Text;
}

/** Base of all errors Tocsin throws: `code` says what, the class says who is at fault. Message and hint are English. */
export class TocsinError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** The same in Chinese, as far as whoever threw it gave it. */
  readonly zh: { readonly message: string | undefined; readonly hint: string | undefined };

  constructor(code: ErrorCode, message: string | Text, { cause, hint }: ErrorOptions = {}) {
    super(english(message), cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = hint === undefined ? undefined : english(hint);
    this.zh = { message: chinese(message), hint: chinese(hint) };
  }

  get fault(): Fault {
    return ERROR_CODES[this.code].fault;
  }
}

function english(words: string | Text): string {
  return typeof words === "string" ? words : words.en;
}

function chinese(words: string | Text | undefined): string | undefined {
  return typeof words === "object" ? words.zh : undefined;
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
