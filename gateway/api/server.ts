import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { HostError, InternalError } from "../../model/error.ts";
import { parseListen } from "../../model/listen.ts";
import type { Log } from "../../model/log.ts";
import { Identities } from "./identities.ts";
import type { Observed } from "./observed.ts";
import { routes } from "./routes.ts";

/** A caller that holds its connection longer than this after a stop is cut off. */
const CLOSE_BOUND_MS = 500;
/** Requests that may be under way at once: the interface is for people, dashboards and scrapers, not for bulk. */
const MOST_CONNECTIONS = 64;
const REQUEST_TIMEOUT_MS = 10_000;

export interface HttpServer {
  /** `host:port` as it really is. */
  readonly address: string;
  stop(): Promise<void>;
}

/**
 * Opens the HTTP interface of a gateway.
 * @throws HostError ADDRESS_IN_USE or ADDRESS_UNAVAILABLE; ConfigurationError SECRET_MISSING.
 */
export async function startHttp(observed: Observed, log: Log): Promise<HttpServer> {
  const { http, secret } = observed.configuration;
  const listen = parseListen(http.listen);
  if (listen === undefined)
    throw new InternalError("INTERNAL", `http.listen has passed its schema: ${http.listen}`);
  const app = new Hono();
  const identities = new Identities(http, secret);
  app.use("*", async (context, next) => {
    if (["/health", "/ready"].includes(context.req.path) || identities.admits(context.req)) {
      return await next();
    }
    return context.json({ error: { code: "LINK_REFUSED", message: "a token is needed" } }, 401);
  });
  routes(app, observed, { log, identities });

  const server = await listening(app, listen);
  server.maxConnections = MOST_CONNECTIONS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.on("error", (error) => log.warn({ err: error }, "the HTTP interface reports an error"));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : listen.port;
  return {
    address: `${listen.host.includes(":") ? `[${listen.host}]` : listen.host}:${port}`,
    stop: () => close(server),
  };
}

function listening(app: Hono, { host, port }: { host: string; port: number }): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }) as Server;
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(
        new HostError(
          taken ? "ADDRESS_IN_USE" : "ADDRESS_UNAVAILABLE",
          taken ? `http: port ${port} on ${host} is taken` : `http: cannot listen on ${host}:${port}`,
          {
            cause: error,
            hint: taken
              ? "another program (another gateway?) listens there; stop it, or change `http.listen` in the site file"
              : "is this address one of this machine's? Ports below 1024 need a privilege",
          },
        ),
      );
    });
    server.once("listening", () => resolve(server));
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const impatient = setTimeout(() => server.closeAllConnections(), CLOSE_BOUND_MS);
  server.closeIdleConnections();
  await closed;
  clearTimeout(impatient);
}
