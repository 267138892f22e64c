import { REASON, type Reason } from "../../model/quality.ts";
import { isDiscrete, quantityRow } from "../../model/quantity.ts";
import type { Channel } from "../../model/site.ts";
import type { Micros } from "../../model/time.ts";
import type { DeviceOnLink, SnapshotValue } from "../driver.ts";
import { compileValue, type ValueDecoder } from "../value.ts";
import type { SparkplugAddress } from "./options.ts";
import { type SparkplugSection, valueMapping } from "./profile.ts";

/** A device as this link has it. */
export type SparkplugDevice = DeviceOnLink<SparkplugAddress, SparkplugSection>;

/** One channel and the metric it is taken from, with what it said last. */
export interface Target {
  readonly instrument: SparkplugDevice;
  readonly channel: Channel;
  /** The metric's whole name, the device's folder before it. */
  readonly metric: string;
  readonly cell: { readonly column: string; readonly row: number } | undefined;
  readonly decode: ValueDecoder;
  readonly discrete: boolean;
  /** Set while a birth is read: this metric was in it. */
  born: boolean;
  heard: boolean;
  value: number;
  reason: Reason;
  time: Micros;
  raw: number | string | boolean | null;
  /** The latest time of the node's own. */
  latest: Micros;
}

/** The targets of a device. @throws ConfigurationError UNIT_MISMATCH when a profile's unit does not fit its channel. */
export function targetsOf(instrument: SparkplugDevice): Target[] {
  const { folder } = instrument.address;
  return instrument.channels.flatMap(({ local, channel }) => {
    const written = instrument.profile.channels[local];
    if (written === undefined) return [];
    const { states } = quantityRow(channel.quantity);
    const decode = compileValue(valueMapping(written), {
      unit: channel.unit,
      ...(channel.range === undefined ? {} : { range: channel.range }),
      ...(states === undefined ? {} : { codes: states.length }),
    });
    return [
      {
        instrument,
        channel,
        metric: folder === undefined ? written.metric : `${folder}/${written.metric}`,
        cell: written.column === undefined ? undefined : { column: written.column, row: written.row ?? 0 },
        decode,
        discrete: isDiscrete(channel.quantity) || written.states !== undefined,
        born: false,
        heard: false,
        value: Number.NaN,
        reason: REASON.good,
        time: Number.NaN,
        raw: null,
        latest: Number.NEGATIVE_INFINITY,
      },
    ];
  });
}

/** What a channel said last in this run, for `tocsin read`. */
export function snapshotOf({ channel, metric, cell, raw, value, reason, time }: Target): SnapshotValue {
  const from = cell === undefined ? metric : `${metric} [${cell.row}].${cell.column}`;
  return { channel: channel.id, raw: String(raw), from, value, reason, time };
}
