import { HostError } from "../../model/error.ts";
import type { ListenAddress } from "../../model/listen.ts";

/** Why we cannot listen, and what to do: HostError ADDRESS_IN_USE or ADDRESS_UNAVAILABLE. */
export function listenError({ host, port }: ListenAddress, error: NodeJS.ErrnoException): HostError {
  if (error.code === "EADDRINUSE") {
    return new HostError("ADDRESS_IN_USE", `${host}:${port} is taken by another program`, {
      cause: error,
      hint: "another centre on this machine? stop it, or give the link another port, and the devices with it",
    });
  }
  return new HostError("ADDRESS_UNAVAILABLE", `cannot listen on ${host}:${port}: ${error.message}`, {
    cause: error,
    hint:
      error.code === "EACCES" ? "ports below 1024 need a privilege" : "is this an address of this machine?",
  });
}
