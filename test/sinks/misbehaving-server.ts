import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { gunzipSync } from "node:zlib";

/** What the server does with a request, instead of storing its lines. */
export type Behaviour =
  | { kind: "answer"; status: number; body?: string; headers?: Record<string, string> }
  /** Takes the request and never answers. */
  | { kind: "hang" }
  /** Breaks the connection without an answer. */
  | { kind: "reset" }
  /** Breaks the connection in the middle of the answer. */
  | { kind: "half" };

/** A request as it arrived. */
export interface Arrival {
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  lines: string[];
}

/** An HTTP server that takes the writes of both versions of InfluxDB, and misbehaves on demand. */
export class MisbehavingServer implements AsyncDisposable {
  readonly arrivals: Arrival[] = [];
  /** Every line stored, in order of arrival; a line sent again comes again. */
  readonly stored: string[] = [];
  /** Decides about each request; undefined: store and answer 204. */
  behave: (arrival: Arrival) => Behaviour | undefined = () => undefined;
  readonly #server: Server;
  #port = 0;

  readonly #scheme: string;

  constructor(tls?: { cert: string; key: string }) {
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
    this.#scheme = tls === undefined ? "http" : "https";
  }

  static async start(tls?: { cert: string; key: string }): Promise<MisbehavingServer> {
    const server = new MisbehavingServer(tls);
    await server.listen();
    return server;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Listens (again, on the port it had). */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", resolve);
    });
    const address = this.#server.address();
    if (typeof address === "object" && address !== null) this.#port = address.port;
  }

  /** Stops listening and breaks all connections. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Closes the connections nobody uses, as servers do after a while. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const text = (request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString(
      "utf8",
    );
    const url = new URL(request.url ?? "/", this.url);
    const lines = text.split("\n").filter((line) => line !== "");
    const arrival = { path: url.pathname, query: url.searchParams, headers: request.headers, lines };
    this.arrivals.push(arrival);
    const behaviour = this.behave(arrival);
    switch (behaviour?.kind) {
      case undefined:
        this.stored.push(...lines);
        response.writeHead(204).end();
        return;
      case "answer":
        response.writeHead(behaviour.status, { "content-type": "application/json", ...behaviour.headers });
        response.end(behaviour.body ?? "");
        return;
      case "hang":
        return;
      case "reset":
        request.socket.resetAndDestroy();
        return;
      case "half":
        response.writeHead(200, { "content-length": "100" });
        response.write("half of it", () => request.socket.destroy());
    }
  }
}
