import { createServer } from "node:net";

/**
 * A TCP port of the loopback that was free a moment ago. Whoever binds it may still come second: use it only for
 * programs that cannot be told "any port", and try again when they say that it is taken.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("the system gave no TCP port");
  return address.port;
}
