import { DeviceError, NetworkError, TocsinError } from "../../model/error.ts";
import { REASON, type Reason } from "../../model/quality.ts";

/** Exception codes of the Modbus Application Protocol 1.1b3, 7. */
export const EXCEPTION = {
  illegalFunction: 1,
  illegalAddress: 2,
  illegalValue: 3,
  deviceFailure: 4,
  acknowledge: 5,
  busy: 6,
  memoryParity: 8,
  gatewayPath: 10,
  gatewayTarget: 11,
} as const;

const WORDS: Readonly<Record<number, string>> = {
  1: "illegal function",
  2: "illegal data address",
  3: "illegal data value",
  4: "device failure",
  5: "acknowledge",
  6: "device busy",
  8: "memory parity error",
  10: "gateway path unavailable",
  11: "gateway target device failed to respond",
};

/** The device answered, and its answer is an exception. */
export class ModbusException extends DeviceError {
  readonly exception: number;

  constructor(exception: number, where: string, cause?: unknown) {
    super("DEVICE_EXCEPTION", `${where}: exception ${exception}, ${WORDS[exception] ?? "unknown"}`, {
      cause,
    });
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
    case EXCEPTION.memoryParity:
      return REASON.device_failure;
    case EXCEPTION.gatewayTarget:
      return REASON.no_communication;
    default:
      return REASON.communication_error;
  }
}
