import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DriverContext, SnapshotValue } from "../../drivers/driver.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { HostError, InternalError, NetworkError } from "../../model/error.ts";
import { SILENT } from "../../model/log.ts";
import type { Device } from "../../model/site.ts";
import { MILLISECOND, type Micros, SystemClock } from "../../model/time.ts";
import type { Configuration } from "../configuration.ts";
import { Nowhere } from "./nowhere.ts";

/**
 * Opens the device's link, asks once and closes it.
 * @throws NetworkError LINK_DOWN for a device that speaks by itself: only a running gateway hears it; HostError
 * ALREADY_RUNNING when a gateway has the link open and cannot be asked; what the driver throws.
 */
export async function readLink(
  configuration: Configuration,
  device: Device,
  wait: Micros,
): Promise<SnapshotValue[]> {
  const link = configuration.site.links[device.link]!;
  const kind = configuration.drivers.get(link.type);
  if (kind === undefined) throw new InternalError("INTERNAL", `no driver for links of type ${link.type}`);
  if (kind.period === undefined) {
    throw new NetworkError(
      "LINK_DOWN",
      `${device.id} speaks by itself, and no gateway is running that would hear it`,
      {
        hint: "start the gateway (tocsin run), then ask again",
      },
    );
  }
  await refuseBesideGateway(configuration.dataFolder);
  const { create } = await kind.load();
  const context: DriverContext = {
    link,
    options: link.options,
    // The others on the bus are left in peace.
    devices: configuration.devicesOf(link.index).filter((other) => other.device.index === device.index),
    clock: new SystemClock(),
    log: SILENT,
    counters: new CounterRegistry(),
    secret: configuration.secret,
  };
  const driver = create(context);
  await driver.start(new Nowhere());
  // The driver's own timers do not keep a process alive; the deadline does.
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), wait / MILLISECOND);
  try {
    return await driver.read(device.index, deadline.signal);
  } finally {
    clearTimeout(timer);
    await driver.stop();
  }
}

/** Two masters on one bus spoil each other's answers. */
async function refuseBesideGateway(folder: string): Promise<void> {
  const path = join(folder, "lock.db");
  if (!existsSync(path)) return;
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(path, { readOnly: true, timeout: 0 });
  try {
    db.prepare("SELECT count(*) FROM sqlite_master").get();
  } catch (thrown) {
    if (!/busy|locked/i.test(String(thrown))) return;
    throw new HostError(
      "ALREADY_RUNNING",
      "a gateway is running here, but does not answer on its HTTP address",
      {
        cause: thrown,
        hint: "switch on `http` in the site file, or stop the gateway first: two masters disturb each other on a bus",
      },
    );
  } finally {
    db.close();
  }
}
