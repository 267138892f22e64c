import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Driver, DriverContext, DriverKind, Intake, SnapshotValue } from "../../drivers/driver.ts";
import type { DriverKit } from "../../drivers/kit.ts";
import type { Counter } from "../../model/counter.ts";

/*
 * Probes that dial in and say one line a reading, `probe-1 lel 12.5`. Each line is answered `ok` once it is on disk; a probe says
 * a line again that was not answered. Types are all that is imported of Tocsin; the values come with the kit.
 */

/** The version of the kit that this was written for. */
export const kit = 1;

/** Longest line; what is longer is no probe. */
const LINE_MOST = 200;
/** Connections at a time. */
const CONNECTIONS_MOST = 100;
/** Answers of one probe that wait for the disk before it is read no further. */
const HELD_MOST = 64;
const STOP_PATIENCE_MS = 500;

interface Options {
  readonly listen: string;
}
/** Which channel a word means. */
interface Section {
  readonly words: Readonly<Record<string, string>>;
}
interface Address {
  readonly name: string;
}

export function kinds(kit: DriverKit): readonly DriverKind[] {
  const { z, idSchema, listenSchema } = kit;
  return [
    {
      type: "line-server",
      summary: "Probes that dial in and say one line a reading",
      link: z.strictObject({
        listen: listenSchema.default("127.0.0.1:7070").meta({ description: "Address and port." }),
      }),
      address: z.strictObject({ name: idSchema.meta({ description: "What the probe calls itself." }) }),
      section: "own",
      own: z.strictObject({ words: z.record(z.string(), idSchema) }),
      addressName: (address) => `probe ${(address as Address).name}`,
      channels: (section) => Object.values((section as Section).words),
      load: () =>
        Promise.resolve({
          create: (context) => new LineServer(context as DriverContext<Options, Address, Section>, kit),
        }),
    },
  ];
}

/** One probe's connection. */
interface Line {
  readonly socket: Socket;
  text: string;
  held: number;
}

class LineServer implements Driver {
  readonly #context: DriverContext<Options, Address, Section>;
  readonly #kit: DriverKit;
  readonly #batch: InstanceType<DriverKit["ReadingBatch"]>;
  /** Indices of channels, by probe and word. */
  readonly #channels = new Map<string, number>();
  readonly #lines = new Set<Line>();
  readonly #answers: InstanceType<DriverKit["HeldAnswers"]>;
  readonly #taken: Counter;
  readonly #unknown: Counter;
  readonly #refused: Counter;
  #server: Server | undefined;
  #intake: Intake | undefined;
  #detach: (() => void)[] = [];

  /** Touches nothing outside. */
  constructor(context: DriverContext<Options, Address, Section>, kit: DriverKit) {
    this.#context = context;
    this.#kit = kit;
    this.#batch = new kit.ReadingBatch();
    this.#answers = new kit.HeldAnswers((answer) => (answer as () => void)());
    const labels = { link: context.link.id };
    const counter = (name: string, help: string) => context.counters.counter({ name, help, labels });
    this.#taken = counter("line_readings", "Lines taken as readings.");
    this.#unknown = counter("line_unknown", "Lines that are no reading of a probe of the site.");
    this.#refused = counter(
      "line_refused",
      "Lines that the journal could not take: the probe says them again.",
    );
    for (const { address, profile, channels } of context.devices) {
      for (const [word, local] of Object.entries(profile.words)) {
        const found = channels.find((channel) => channel.local === local);
        if (found !== undefined) this.#channels.set(`${address.name} ${word}`, found.channel.index);
      }
    }
  }

  get listening(): string {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address ? `${address.address}:${address.port}` : this.#context.options.listen;
  }

  async start(intake: Intake): Promise<void> {
    const { options, link } = this.#context;
    const { HostError, parseListen, REASON } = this.#kit;
    this.#intake = intake;
    this.#detach = [
      intake.onDurable((durable) => this.#answers.release(durable)),
      intake.onRelieved(() => this.#readOn()),
    ];
    const server = createServer((socket) => this.#accept(socket));
    server.maxConnections = CONNECTIONS_MOST;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) =>
        reject(new HostError("ADDRESS_UNAVAILABLE", `cannot listen on ${options.listen}`, { cause })),
      );
      server.listen({ ...parseListen(options.listen)! }, resolve);
    });
    server.removeAllListeners("error").on("error", () => {});
    this.#server = server;
    intake.linkHealth(link.index, true, REASON.good);
  }

  async stop(): Promise<void> {
    // From here on nothing enters; what can still be answered is.
    this.#intake = undefined;
    const { clock } = this.#context;
    const { MILLISECOND } = this.#kit;
    for (let left = STOP_PATIENCE_MS; left > 0 && this.#answers.waiting > 0; left -= 10) {
      await new Promise<void>((resolve) => clock.after(10 * MILLISECOND, resolve));
    }
    for (const detach of this.#detach.splice(0)) detach();
    const server = this.#server;
    this.#server = undefined;
    for (const { socket } of this.#lines) socket.destroy();
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  read(): Promise<SnapshotValue[]> {
    return Promise.reject(new this.#kit.DeviceError("DEVICE_TIMEOUT", "a probe speaks when it likes"));
  }

  #accept(socket: Socket): void {
    const line: Line = { socket, text: "", held: 0 };
    this.#lines.add(line);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#lines.delete(line));
    socket.on("data", (bytes) => this.#hear(line, bytes.toString("latin1")));
  }

  #hear(line: Line, text: string): void {
    const lines = (line.text + text).split("\n");
    line.text = lines.pop()!;
    for (const one of lines) this.#take(line, one.trim());
    if (line.text.length > LINE_MOST) line.socket.destroy();
    if (!this.#mayRead(line)) line.socket.pause();
  }

  #take(line: Line, text: string): void {
    const intake = this.#intake;
    if (intake === undefined) return;
    const [name, word, number] = text.split(" ");
    const channel = this.#channels.get(`${name} ${word}`);
    const value = number === undefined || number === "" ? Number.NaN : Number(number);
    if (channel === undefined || text.length > LINE_MOST) {
      this.#unknown.add();
      return;
    }
    const { REASON, REFUSED } = this.#kit;
    this.#batch.clear();
    // What cannot be read is bad, with the reason; it is never left out.
    this.#batch.add(channel, value, Number.isNaN(value) ? REASON.not_a_number : REASON.good);
    const ticket = intake.enter(this.#batch, "acknowledged");
    if (ticket === REFUSED) {
      this.#refused.add();
      return;
    }
    this.#taken.add();
    const { socket } = line;
    const to = {
      hold: () => void line.held++,
      release: () => {
        line.held--;
        if (this.#mayRead(line)) socket.resume();
      },
    };
    this.#answers.give(() => void socket.write("ok\n"), { ticket, to, durable: intake.durable });
  }

  #mayRead(line: Line): boolean {
    return line.held < HELD_MOST && this.#intake?.congested !== true;
  }

  #readOn(): void {
    for (const line of this.#lines) if (this.#mayRead(line)) line.socket.resume();
  }
}
