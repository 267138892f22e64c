import { DeviceError } from "../../model/error.ts";

/** A body that cannot be read from some place on. */
export function undecodable(why: string): DeviceError {
  return new DeviceError("DEVICE_UNDECODABLE", `the body cannot be read: ${why}`);
}
