import { DeviceError, NetworkError, TocsinError } from "../../model/error.ts";
import { REASON, type Reason } from "../../model/quality.ts";
import type { Text } from "../../model/text.ts";

/** Exception codes of the Modbus Application Protocol 1.1b3, 7; 7 and 9 are those of its predecessors, still met in the field. */
export const EXCEPTION = {
  illegalFunction: 1,
  illegalAddress: 2,
  illegalValue: 3,
  deviceFailure: 4,
  acknowledge: 5,
  busy: 6,
  negativeAcknowledge: 7,
  memoryParity: 8,
  gatewayPath: 10,
  gatewayTarget: 11,
} as const;

const UNKNOWN: Text = { zh: "未定义的异常码", en: "not defined" };

/** What each exception means, for people. */
export const EXCEPTION_TEXT: Readonly<Record<number, Text>> = {
  1: { zh: "不支持的功能码", en: "illegal function" },
  2: { zh: "寄存器地址不存在", en: "illegal data address" },
  3: { zh: "数据值或数量不合法", en: "illegal data value" },
  4: { zh: "从站设备故障", en: "device failure" },
  5: { zh: "已受理，处理需要时间", en: "acknowledge: accepted, needs more time" },
  6: { zh: "从站忙，稍后再试", en: "device busy" },
  7: { zh: "从站无法执行（否定应答）", en: "negative acknowledge" },
  8: { zh: "存储奇偶校验错误", en: "memory parity error" },
  9: UNKNOWN,
  10: { zh: "网关通路不可用", en: "gateway path unavailable" },
  11: { zh: "网关的目标设备无应答", en: "gateway target device failed to respond" },
};

/** What an exception means. */
export function exceptionText(exception: number): Text {
  return EXCEPTION_TEXT[exception] ?? UNKNOWN;
}

/** The device answered, and its answer is an exception. */
export class ModbusException extends DeviceError {
  readonly exception: number;

  constructor(exception: number, where: string, cause?: unknown) {
    const { zh, en } = exceptionText(exception);
    super("DEVICE_EXCEPTION", `${where}: exception ${exception}, ${en} ${zh}`, { cause });
    this.exception = exception;
  }
}

/** There is no connection and none in sight: nothing was asked, and the device is not to blame. */
export class LinkDown extends NetworkError {}

/** Whether the registers asked for are what the device objects to: then a smaller request may succeed. */
export function isIllegalRegister(error: unknown): boolean {
  return (
    error instanceof ModbusException &&
    (error.exception === EXCEPTION.illegalAddress || error.exception === EXCEPTION.illegalValue)
  );
}

/**
 * Whether the device was asked and said nothing of use: silence, garbage, or a connection that ended over the question. A
 * gateway that says that its target does not answer (11) is a time-out by another name.
 */
export function isSilence(error: unknown): boolean {
  if (error instanceof ModbusException) return error.exception === EXCEPTION.gatewayTarget;
  return !(error instanceof LinkDown);
}

/** What a failed request means for its channels. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof ModbusException) return exceptionReason(error.exception);
  if (error instanceof LinkDown) return REASON.not_connected;
  const silent = error instanceof TocsinError && error.code === "DEVICE_TIMEOUT";
  return silent ? REASON.no_communication : REASON.communication_error;
}

function exceptionReason(exception: number): Reason {
  switch (exception) {
    case EXCEPTION.illegalFunction:
    case EXCEPTION.illegalAddress:
    case EXCEPTION.illegalValue:
      return REASON.configuration_error;
    case EXCEPTION.deviceFailure:
    case EXCEPTION.negativeAcknowledge:
    case EXCEPTION.memoryParity:
      return REASON.device_failure;
    case EXCEPTION.gatewayTarget:
      return REASON.no_communication;
    default:
      return REASON.communication_error;
  }
}
