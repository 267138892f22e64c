import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import type { Connection, Cut, Dialogue } from "../../drivers/tcp/connection.ts";
import { HeldAnswers } from "../../drivers/tcp/held-answers.ts";
import { networkList } from "../../drivers/tcp/networks.ts";
import { TcpServer, type TcpServerOptions } from "../../drivers/tcp/server.ts";
import { MINUTE, SECOND } from "../../model/time.ts";
import { JumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";

/*
 * The server that all protocols share, under a protocol of lines: `hello`, then words; `?word` wants the word back once the test's
 * disk has it; `!` is no line of it.
 */

const LIMITS = {
  connections: 10,
  waiting: 5,
  held: 4,
  outgoing: 65_536,
  partial: 5 * SECOND,
  hello: 1 * MINUTE,
  idle: 10 * MINUTE,
  rate: 1_000,
};

class Lines implements Dialogue {
  readonly connection: Connection;
  readonly words: string[] = [];
  readonly #room: Room;
  #rest = "";
  held = 0;
  ended = false;

  constructor(connection: Connection, room: Room) {
    this.connection = connection;
    this.#room = room;
  }

  get pending(): number {
    return this.#rest.length;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString("latin1")).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  abandon(): void {
    this.#rest = "";
  }

  closed(): void {
    this.ended = true;
  }

  hold(): void {
    this.held++;
  }

  release(): void {
    this.held--;
    this.connection.resume();
  }

  #line(line: string): void {
    if (line.startsWith("noise")) {
      this.connection.noise(line.length);
      return;
    }
    if (line === "!") {
      this.#room.spoils++;
      this.connection.spoiled();
      return;
    }
    this.connection.heard();
    if (line === "hello" && !this.connection.introduce()) return;
    this.words.push(line);
    if (!line.startsWith("?")) return;
    const ticket = ++this.#room.ticket;
    this.#room.answers.give({ to: this.connection, line }, { ticket, to: this, durable: this.#room.durable });
  }
}

class Room implements AsyncDisposable {
  readonly clock = new JumpingClock();
  readonly server: TcpServer;
  readonly talks: Lines[] = [];
  readonly cuts: Cut[] = [];
  readonly turnedAway: string[] = [];
  readonly answers = new HeldAnswers<{ to: Connection; line: string }>(({ to, line }) => {
    to.send(Buffer.from(`${line.slice(1)}\n`));
  });
  slowed = 0;
  spoils = 0;
  ticket = 0;
  durable = 0;
  congested = false;
  readonly #sockets: Socket[] = [];

  static async open(
    limits: Partial<typeof LIMITS> = {},
    more: Partial<TcpServerOptions> = {},
  ): Promise<Room> {
    const room = new Room(limits, more);
    await room.server.start();
    return room;
  }

  private constructor(limits: Partial<typeof LIMITS>, more: Partial<TcpServerOptions>) {
    this.server = new TcpServer({
      address: { host: "127.0.0.1", port: 0 },
      permitted: undefined,
      limits: { ...LIMITS, ...limits },
      clock: this.clock,
      open: (connection) => {
        const talk = new Lines(connection, this);
        this.talks.push(talk);
        return talk;
      },
      congested: () => this.congested,
      witness: {
        cut: (_, why) => this.cuts.push(why),
        turnedAway: (why) => this.turnedAway.push(why),
        slowed: () => this.slowed++,
      },
      ...more,
    });
  }

  async dial({ reads = true } = {}): Promise<Socket & { said: string }> {
    const socket = Object.assign(connect({ ...this.server.address, allowHalfOpen: true }), { said: "" });
    socket.on("error", () => {});
    if (reads) {
      socket.on("data", (chunk) => {
        socket.said += chunk.toString("latin1");
      });
    }
    this.#sockets.push(socket);
    await once(socket, "connect");
    return socket;
  }

  async guest(): Promise<Socket & { said: string }> {
    const before = this.words("hello");
    const socket = await this.dial();
    socket.write("hello\n");
    await until("it is known", () => this.words("hello") === before + 1);
    return socket;
  }

  words(word: string): number {
    return this.talks.flatMap(({ words }) => words).filter((one) => one === word).length;
  }

  makeDurable(): void {
    this.durable = this.ticket;
    this.answers.release(this.durable);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe("answers that wait for the disk", () => {
  test("a peer that waits for too many is read no further, then all that it sent is heard", async () => {
    await using room = await Room.open();
    const guest = await room.guest();
    for (let i = 0; i < 200; i++) {
      guest.write(`?${i}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until("some are held", () => room.answers.waiting >= LIMITS.held);
    const heard = room.talks[0]!.words.length;
    expect(heard).toBeLessThan(200);
    await until("all answers", () => {
      room.makeDurable();
      return guest.said.split("\n").length === 201;
    });
    expect(guest.said).toBe(`${Array.from({ length: 200 }, (_, i) => i).join("\n")}\n`);
  });

  test("a peer that has closed its half gets its answers before we close ours", async () => {
    await using room = await Room.open();
    const guest = await room.guest();
    guest.end("?last\n");
    await until("it was heard", () => room.answers.waiting === 1);
    const closed = once(guest, "close");
    guest.on("end", () => guest.end());
    expect(room.server.connections).toBe(1);
    room.makeDurable();
    await closed;
    expect(guest.said).toBe("last\n");
    await until("it is gone", () => room.server.connections === 0 && room.talks[0]!.ended);
    expect(room.cuts).toEqual([]);
  });

  test("one whose peer is gone holds up nobody", async () => {
    await using room = await Room.open();
    const gone = await room.guest();
    gone.write("?a\n");
    const guest = await room.guest();
    guest.write("?b\n");
    await until("both wait", () => room.answers.waiting === 2);
    gone.resetAndDestroy();
    await until("it is gone", () => room.server.connections === 1);
    room.makeDurable();
    await until("the other's answer", () => guest.said === "b\n");
  });
});

describe("who sends slowly, too fast, or nonsense", () => {
  test("three frames begun and never finished end it; one whole frame between forgives", async () => {
    await using room = await Room.open();
    const guest = await room.guest();
    const stall = async (i: number) => {
      guest.write("beg");
      await until(`it has begun ${i}`, () => room.talks[0]!.pending > 0);
      await until("it was given up", () => {
        room.clock.jump(SECOND);
        return room.talks[0]!.pending === 0;
      });
    };
    await stall(1);
    await stall(2);
    guest.write("whole\n");
    await until("the whole one", () => room.words("whole") === 1);
    await stall(3);
    await stall(4);
    expect(room.cuts).toEqual([]);
    await stall(5);
    expect(room.cuts).toEqual(["too slow"]);
  });

  test("the end of every chunk may be the beginning of a frame: who goes on sending is not slow", async () => {
    await using room = await Room.open();
    const guest = await room.guest();
    guest.write("0");
    for (let i = 1; i <= 20; i++) {
      await until("the next has begun", () => room.talks[0]!.pending > 0);
      room.clock.jump(2 * SECOND);
      guest.write(`\n${i}`);
      await until("it was heard", () => room.words(`${i - 1}`) === 1);
    }
    expect(room.cuts).toEqual([]);
  });

  test("a flood is slowed down to the rate, its neighbour is not", async () => {
    await using room = await Room.open({ rate: 100 });
    const flood = await room.guest();
    const lines = "x\n".repeat(5_000);
    for (let i = 0; i < 20; i++) flood.write(lines);
    await until("it is slowed", () => room.slowed > 0);
    const neighbour = await room.guest();
    neighbour.write("?n\n");
    await until("the neighbour is heard", () => room.words("?n") === 1);
    expect(room.words("x")).toBeLessThan(100_000);
    await until("all was heard in the end", () => {
      room.clock.jump(SECOND);
      return room.words("x") === 100_000;
    });
    expect(room.cuts).toEqual([]);
  });

  test("noise and spoiled frames end it, beyond what a modem does", async () => {
    await using room = await Room.open();
    const modem = await room.guest();
    for (let i = 0; i < 10; i++) modem.write(`${"noise".padEnd(4_000, "-")}\n!\nword\n`);
    await until("all words", () => room.words("word") === 10);
    const noisy = await room.guest();
    noisy.write(`${"noise".padEnd(4_200, "-")}\n`.repeat(2));
    const wrong = await room.guest();
    wrong.write("!\n".repeat(64));
    await until("both ended", () => room.cuts.length === 2);
    expect(room.cuts.toSorted()).toEqual(["noise", "spoiled"]);
  });

  test("what stands behind the spoiled frames that end a connection is not looked through", async () => {
    await using room = await Room.open();
    const wrong = await room.guest();
    wrong.write("!\n".repeat(30_000));
    await until("it has ended", () => room.cuts.length === 1);
    expect(room.spoils).toBeLessThan(1_000);
  });

  test("spoiled frames are work too: a peer with a good one now and then is slowed down for them", async () => {
    await using room = await Room.open({ rate: 100 });
    const crafty = await room.guest();
    crafty.write(`${"!\n".repeat(60)}x\n`.repeat(1_000));
    await until("it is slowed", () => room.slowed > 0);
    expect(room.spoils).toBeLessThan(1_000);
    expect(room.cuts).toEqual([]);
  });

  test("who has not said who it is has few frames to say it in; then it has as many as others", async () => {
    await using room = await Room.open();
    const crowd = await room.dial();
    crowd.write("x\n".repeat(30_000));
    await until("it is slowed", () => room.slowed === 1);
    expect(room.words("x")).toBeLessThan(1_000);
    const guest = await room.guest();
    guest.write("y\n".repeat(500));
    await until("all of it", () => room.words("y") === 500);
    expect(room.slowed).toBe(1);
  });

  test("who does not read what we send is cut off", async () => {
    await using room = await Room.open({ outgoing: 200_000 });
    const deaf = await room.dial({ reads: false });
    deaf.write("hello\n");
    await until("it is known", () => room.words("hello") === 1);
    await until("it is cut off", () => {
      for (let i = 0; i < 50; i++) room.talks[0]!.connection.send(Buffer.alloc(100_000));
      return room.cuts.length > 0;
    });
    expect(room.cuts).toEqual(["not reading"]);
  });
});

describe("who says nothing", () => {
  test("a socket that never introduces itself, and a guest that fell silent, are closed", async () => {
    await using room = await Room.open();
    await room.dial();
    await room.guest();
    room.clock.jump(61 * SECOND);
    expect(room.cuts).toEqual(["no hello"]);
    room.clock.jump(10 * MINUTE);
    expect(room.cuts).toEqual(["no hello", "silence"]);
  });

  test("silence of a peer that we do not read is ours", async () => {
    await using room = await Room.open();
    const guest = await room.guest();
    room.congested = true;
    guest.write("beg");
    await until("it has begun", () => room.talks[0]!.pending > 0);
    guest.write("un\n");
    for (let i = 0; i < 30; i++) room.clock.jump(MINUTE);
    expect(room.cuts).toEqual([]);
    room.congested = false;
    room.server.resume();
    room.clock.jump(SECOND);
    await until("it is whole", () => room.words("begun") === 1);
  });

  test("a crowd of them pushes out its own oldest, never a guest", async () => {
    await using room = await Room.open();
    const guest = await room.guest();
    const crowd = await Promise.all(Array.from({ length: 12 }, () => room.dial()));
    await until("only five wait", () => room.cuts.length === 7);
    expect(new Set(room.cuts)).toEqual(new Set(["too many waiting"]));
    await until("they are gone", () => room.server.connections === 6);
    guest.write("still here\n");
    await until("the guest is heard", () => room.words("still here") === 1);
    expect(crowd).toHaveLength(12);
  });

  test("beyond the bound a guest is turned away, and those that are there stay", async () => {
    await using room = await Room.open({ connections: 2 });
    await room.guest();
    await room.guest();
    const third = await room.dial();
    const closed = once(third, "close");
    third.write("hello\n");
    third.on("end", () => third.end());
    await closed;
    expect(room.turnedAway).toEqual(["too many"]);
    expect(room.server.connections).toBe(2);
  });
});

test("an address outside the networks is not heard; IPv4 within IPv6 is", async () => {
  {
    await using room = await Room.open({}, { permitted: networkList(["10.0.0.0/8", "2001:db8::/32"]) });
    const socket = await room.dial();
    socket.on("end", () => socket.end());
    await once(socket, "close");
    expect(room.turnedAway).toEqual(["not from here"]);
    expect(room.talks).toEqual([]);
  }
  await using room = await Room.open(
    {},
    { address: { host: "::", port: 0 }, permitted: networkList(["127.0.0.1"]) },
  );
  const socket = connect({ host: "127.0.0.1", port: room.server.address.port });
  socket.write("hello\n");
  await until("it is heard", () => room.words("hello") === 1);
  socket.destroy();
});

test("stop ends all connections, and a taken port is said to be taken", async () => {
  const room = await Room.open();
  const guest = await room.guest();
  const closed = once(guest, "close");
  const { port } = room.server.address;
  const second = new TcpServer({
    address: { host: "127.0.0.1", port },
    permitted: undefined,
    limits: LIMITS,
    clock: room.clock,
    open: (connection) => new Lines(connection, room),
    witness: { cut: () => {}, turnedAway: () => {}, slowed: () => {} },
  });
  await expect(second.start()).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
  guest.on("end", () => guest.end());
  await room.server.stop();
  await closed;
  await room.server.stop();
  expect(room.server.connections).toBe(0);
});
