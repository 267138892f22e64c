import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";

/** A request as it arrived. */
export interface Received {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What a receiver does with a request. */
export type Reaction =
  | { status: number; body?: string; headers?: Record<string, string> }
  /** Takes the request and never answers. */
  | "hang"
  /** Breaks the connection without an answer. */
  | "reset"
  /** Answers only when the test says so. */
  | Promise<{ status: number; body?: string }>;

/** A real HTTP server that takes messages of routes, and misbehaves on demand. */
export class Receiver implements AsyncDisposable {
  /** Every request, in order of arrival. */
  readonly received: Received[] = [];
  /** Those that were answered with success. */
  readonly taken: Received[] = [];
  react: (request: Received) => Reaction = () => ({ status: 204 });
  readonly #server: Server;
  readonly #scheme: string;
  #port = 0;

  constructor(tls?: { cert: string; key: string }) {
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
    this.#scheme = tls === undefined ? "http" : "https";
  }

  static async start(tls?: { cert: string; key: string }): Promise<Receiver> {
    const receiver = new Receiver(tls);
    await receiver.listen();
    return receiver;
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

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", this.url);
    const received = {
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    this.received.push(received);
    const reaction = await this.react(received);
    if (reaction === "hang") return;
    if (reaction === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    if (reaction.status < 300) this.taken.push(received);
    const headers = "headers" in reaction ? reaction.headers : {};
    response.writeHead(reaction.status, headers).end(reaction.body ?? "");
  }
}
