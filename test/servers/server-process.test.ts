import { createServer } from "node:net";
import { expect, test } from "vitest";
import { type ServerPlan, ServerProcess } from "./server-process.ts";

/** A server in one line of Node.js that says "bound" once it listens, and fails as others do when the port is taken. */
const listening = (port: number | undefined) =>
  `require("node:net").createServer((s) => s.end("hello")).listen(${port}, "127.0.0.1", () => console.log("bound"))`;

function plan(command: ServerPlan["command"]): ServerPlan {
  return { name: "echo", ports: 1, command, bound: /^bound$/, answers: () => Promise.resolve(true) };
}

test("a port that was lost to somebody else is tried again with another", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  const takenPort = typeof address === "object" ? address?.port : undefined;
  let attempts = 0;
  const server = await ServerProcess.start(
    plan(([port]) => {
      attempts++;
      return { command: process.execPath, args: ["--eval", listening(attempts === 1 ? takenPort : port)] };
    }),
  );
  try {
    expect(attempts).toBe(2);
    expect(server.running).toBe(true);
  } finally {
    await server.stop();
    taken.close();
  }
});

test("a server that ends while starting is an error with its last words", async () => {
  const failing = plan(() => ({
    command: process.execPath,
    args: ["--eval", 'console.error("no such database"); process.exit(1)'],
  }));
  await expect(ServerProcess.start(failing)).rejects.toThrow(/no such database/);
});

test("it keeps its port when it is started again", async () => {
  const server = await ServerProcess.start(
    plan(([port]) => ({ command: process.execPath, args: ["--eval", listening(port)] })),
  );
  try {
    const port = server.port();
    await server.kill();
    expect(server.running).toBe(false);
    await server.start();
    expect(server.port()).toBe(port);
  } finally {
    await server.stop();
  }
});
