import { setTimeout as sleep } from "node:timers/promises";
import type { SnapshotValue } from "../../../drivers/driver.ts";
import { ORDERS } from "../../../drivers/modbus/codec.ts";
import type { Profile } from "../../../drivers/profile.ts";
import { loadProfile } from "../../../drivers/profile-store.ts";
import { ConfigurationError } from "../../../model/error.ts";
import { QUALITY_NAMES, REASON_NAMES, reasonRow } from "../../../model/quality.ts";
import type { Channel } from "../../../model/site.ts";
import { MILLISECOND, SECOND } from "../../../model/time.ts";
import { EXIT, type ExitCode } from "../exit.ts";
import { print, printJson } from "../output.ts";
import { alignColumns } from "../table.ts";
import { valueTable, valueText } from "../value-table.ts";
import { type BenchDevice, benchDevice } from "./bench-device.ts";
import { checkProfiles } from "./check.ts";
import { type Orders, suspicious } from "./four-orders.ts";
import { parseLink } from "./link-url.ts";
import { openLink } from "./open-link.ts";

export interface TryOptions {
  readonly link: string;
  readonly unit: string;
  readonly component?: readonly string[];
  readonly allow?: readonly string[];
  readonly watch: boolean;
  readonly json: boolean;
}

/** Longest time for everything the device is asked. */
const READ_BOUND_MS = (30 * SECOND) / MILLISECOND;
/** From one table to the next. */
const WATCH_MS = SECOND / MILLISECOND;

/**
 * Reads a device by a profile file, without a site: what each channel says, and for a 32-bit number that looks wrong all four
 * byte orders. With `watch` again and again until it is interrupted.
 */
export async function tryProfile(file: string, options: TryOptions): Promise<ExitCode> {
  const { profile } = loadProfile(file);
  if (profile === undefined) return await checkProfiles([file], options);
  const link = parseLink(options.link);
  const address = link.kind.address.safeParse({ unit: Number(options.unit) });
  if (!address.success) {
    throw new ConfigurationError(
      "COMMAND_USAGE",
      `--unit ${options.unit}: ${address.error.issues[0]?.message}`,
    );
  }
  const device = benchDevice(profile, {
    address: address.data as object,
    components: options.component ?? [],
    allow: options.allow ?? [],
  });
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  try {
    await using open = await openLink(link, [device.onLink]);
    do {
      const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(READ_BOUND_MS)]);
      const values = await open.driver.read(0, signal);
      show(values, { profile, device, options });
      if (options.watch) await sleep(WATCH_MS, undefined, { signal: interrupted.signal });
    } while (options.watch);
    return EXIT.ok;
  } catch (thrown) {
    if (interrupted.signal.aborted) return EXIT.ok;
    throw thrown;
  } finally {
    process.off("SIGINT", interrupt);
  }
}

interface Shown {
  readonly profile: Profile;
  readonly device: BenchDevice;
  readonly options: TryOptions;
}

function show(values: readonly SnapshotValue[], { profile, device, options }: Shown): void {
  const section = profile.modbus!;
  const orders: Orders[] = [];
  for (const value of values) {
    const found = device.channels.find(({ channel }) => channel.id === value.channel);
    const wire = section.channels[found?.local ?? ""] ?? section.components?.channels[found?.local ?? ""];
    if (found === undefined || wire === undefined) continue;
    const { channel } = found;
    const odd = suspicious(value, { wire, channel, order: wire.order ?? section.order });
    if (odd !== undefined) orders.push(odd);
  }
  const channelOf = (id: string) => device.channels.find(({ channel }) => channel.id === id)?.channel;
  if (options.json) {
    printJson({
      ok: true,
      profile: profile.id,
      values: values.map((value) => ({
        channel: value.channel,
        value: Number.isFinite(value.value) ? value.value : null,
        unit: channelOf(value.channel)?.unit ?? null,
        quality: QUALITY_NAMES[reasonRow(value.reason).quality],
        reason: REASON_NAMES[value.reason] ?? "bad",
        raw: value.raw,
        from: value.from,
      })),
      suspicious: orders,
    });
    return;
  }
  if (options.watch && process.stdout.isTTY) process.stdout.write("\u001b[2J\u001b[H");
  print(`${profile.id} · ${options.link} · unit ${options.unit}`);
  print(valueTable(values, channelOf));
  for (const odd of orders) print(`\n${ordersText(odd, channelOf(odd.channel))}`);
}

function ordersText({ channel, order, values, fitting }: Orders, known: Channel | undefined): string {
  const rows = ORDERS.map((tried) => [
    `  ${tried}`,
    valueText(values[tried], known),
    [tried === order ? "the profile's 现用" : "", fitting.includes(tried) ? "fits 合理" : ""]
      .filter(Boolean)
      .join(", "),
  ]);
  const advice =
    fitting.length === 1
      ? `→ order: ${fitting[0]} for this channel, if others agree 若其他通道一致，应为此字节序`
      : fitting.length === 0
        ? "→ none of them fits: check the address and the type 均不合理，请核对地址和数据类型"
        : "→ several fit: compare with the instrument's display 不止一种合理，请与仪表显示对照";
  return `${channel} does not look right; in every byte order 数值可疑，各字节序:\n${alignColumns(rows)}\n  ${advice}`;
}
