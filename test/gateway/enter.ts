import type { Patience, Ticket } from "../../drivers/driver.ts";
import type { Gateway } from "../../gateway/gateway.ts";
import { REASON, type Reason } from "../../model/quality.ts";
import { NO_TIME, ReadingBatch } from "../../model/reading.ts";
import type { Micros } from "../../model/time.ts";

/** Hands the intake a message of one channel, as its driver would; `times` readings of the same kind. */
export function enter(
  gateway: Gateway,
  key: string,
  reading: { value?: number; reason?: Reason; time?: Micros; times?: number; patience?: Patience },
): Ticket {
  const channel = gateway.configuration.site.channels.find((one) => one.key === key);
  if (channel === undefined) throw new Error(`this site has no channel ${key}`);
  const { value = Number.NaN, reason = REASON.good, time = NO_TIME, times = 1 } = reading;
  const batch = new ReadingBatch();
  for (let i = 0; i < times; i++) batch.add(channel.index, value, reason, time);
  return gateway.intake.enter(batch, reading.patience ?? "acknowledged");
}

/** Resolves when everything entered so far is on disk. */
export async function onDisk({ intake }: Gateway): Promise<void> {
  intake.flush();
  await intake.whenDurable(intake.last);
}
