import type { SnapshotValue } from "../../drivers/driver.ts";
import { QUALITY_NAMES, reasonRow } from "../../model/quality.ts";
import type { Channel } from "../../model/site.ts";
import { symbolOf } from "../messages/format.ts";
import { alignColumns } from "./table.ts";

/** Values of a device beside what stood on the wire. */
export function valueTable(
  values: readonly SnapshotValue[],
  channelOf: (id: string) => Channel | undefined,
): string {
  const rows = values.map(({ channel, value, reason, raw, from }) => [
    channel,
    valueText(value, channelOf(channel)),
    qualityText(reason),
    raw,
    from,
  ]);
  return alignColumns([["channel 通道", "value 值", "quality 质量", "raw 原始值", "from 位置"], ...rows]);
}

/** Digits that a 32-bit float of an instrument is worth. */
const DIGITS = 7;

/** A value with its unit, or the name of its state. */
export function valueText(value: number, channel: Channel | undefined): string {
  if (Number.isNaN(value)) return "–";
  const state = channel?.states?.[value];
  if (state !== undefined) return `${value} ${state}`;
  const number = Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : value;
  const symbol = channel === undefined ? "" : symbolOf(channel.unit);
  return symbol === "" ? `${number}` : `${number} ${symbol}`;
}

function qualityText(reason: number): string {
  const { quality, name, en, zh } = reasonRow(reason);
  return name === "good" ? "good 正常" : `${QUALITY_NAMES[quality]} (${en} ${zh})`;
}
