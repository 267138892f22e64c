import { HostError } from "../model/error.ts";

/** Where something listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port` or `[v6]:port`. */
export function parseEndpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, colon);
  return { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(text.slice(colon + 1)) };
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatEndpoint({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** What to tell a person when listening failed. */
export function listenError(endpoint: Endpoint, cause: Error): HostError {
  const code = "code" in cause ? cause.code : undefined;
  const where = formatEndpoint(endpoint);
  if (code === "EADDRINUSE") {
    return new HostError("ADDRESS_IN_USE", `cannot listen on ${where}: another program uses that port`, {
      cause,
      hint: "stop the other program, or give the link another `listen` in the scenario",
    });
  }
  if (code === "EACCES") {
    return new HostError(
      "ADDRESS_UNAVAILABLE",
      `cannot listen on ${where}: ports below 1024 need a privilege`,
      {
        cause,
        hint: "give the link another `listen` in the scenario, for example 127.0.0.1:1502",
      },
    );
  }
  return new HostError("ADDRESS_UNAVAILABLE", `cannot listen on ${where}: ${cause.message}`, {
    cause,
    hint: "the host must be an address of this machine; a link of the site can be given another `listen` in the scenario",
  });
}
