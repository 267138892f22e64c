import type { DeviceOnLink, Driver } from "../../../drivers/driver.ts";
import { CounterRegistry } from "../../../model/counter.ts";
import { SILENT } from "../../../model/log.ts";
import { SystemClock } from "../../../model/time.ts";
import { Nowhere } from "../nowhere.ts";
import type { LinkOnCommandLine } from "./link-url.ts";

/** A link that is open, without a site and without anything being polled for keeping. */
export interface OpenLink extends AsyncDisposable {
  readonly driver: Driver;
}

/** Opens a link for as long as a command runs. */
export async function openLink(
  { kind, options, text }: LinkOnCommandLine,
  devices: readonly DeviceOnLink<unknown, unknown>[] = [],
): Promise<OpenLink> {
  const { create } = await kind.load();
  const name = { zh: text, en: text };
  const driver = create({
    link: { index: 0, id: "link", key: "link@link", name, type: kind.type, options },
    options,
    devices,
    clock: new SystemClock(),
    log: SILENT,
    counters: new CounterRegistry(),
    secret: () => "",
  });
  await driver.start(new Nowhere());
  return { driver, [Symbol.asyncDispose]: () => driver.stop() };
}
