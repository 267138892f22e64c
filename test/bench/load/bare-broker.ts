import { createServer } from "node:net";
import { Aedes } from "aedes";

/*
 * The raw ceiling of the embedded broker: its library alone, with nothing behind it. Says `listening PORT`.
 */

const broker = await Aedes.createBroker();
const server = createServer({ noDelay: true }, broker.handle);
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.stdout.write(`listening ${address.port}\n`);
});
