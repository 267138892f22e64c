import { HostError } from "../../model/error.ts";
import type { ListenAddress } from "../../model/listen.ts";

/** Why we cannot listen, and what to do. */
export function listenError({ host, port }: ListenAddress, error: NodeJS.ErrnoException): HostError {
  if (error.code === "EADDRINUSE") {
    return new HostError("ADDRESS_IN_USE", `${host}:${port} is taken by another program`, {
      cause: error,
      hint: "another monitoring centre? stop it, or give the link another port: listen: 127.0.0.1:26876",
    });
  }
  return new HostError("ADDRESS_UNAVAILABLE", `cannot listen on ${host}:${port}: ${error.message}`, {
    cause: error,
    hint:
      error.code === "EACCES" ? "ports below 1024 need a privilege" : "is this an address of this machine?",
  });
}
