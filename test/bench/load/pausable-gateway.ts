import { createInterface } from "node:readline";
import { openLog } from "../../../gateway/command/log.ts";
import { loadConfiguration } from "../../../gateway/config/load.ts";
import { Gateway } from "../../../gateway/gateway.ts";
import { SystemClock } from "../../../model/time.ts";

/*
 * A gateway whose disk can be stalled: `pause` and `resume` on standard input. One argument, the site file; says `ready` as
 * `tocsin run` does.
 */

const { log } = await openLog("json");
const gateway = await Gateway.start({
  configuration: loadConfiguration(process.argv[2] ?? "", {}),
  clock: new SystemClock(),
  log,
});
log.info({ ...gateway.addresses }, "ready");
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "pause") gateway.journal.pause();
  else if (line === "resume") gateway.journal.resume();
  process.stdout.write(`${line}d\n`);
}
await gateway.stop();
