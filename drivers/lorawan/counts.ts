import { basename } from "node:path";
import type { Counter, Counters } from "../../model/counter.ts";

/** The counters of a LoRaWAN link. */
export interface Counts {
  readonly messages: Counter;
  readonly readings: Counter;
  readonly repeats: Counter;
  readonly missed: Counter;
  readonly restarts: Counter;
  readonly joins: Counter;
  readonly other: Counter;
  readonly unknown: Counter;
  readonly undecodable: Counter;
  readonly refused: Counter;
  readonly dropped: Counter;
  readonly subscriptionsRefused: Counter;
  readonly threads: Counter;
  /** Uplinks for which a codec gave nothing. */
  fault(codec: string, why: string): Counter;
}

/** Creates them. */
export function countsOf(counters: Counters, link: string): Counts {
  const counter = (name: string, help: string) => counters.counter({ name, help, labels: { link } });
  return {
    messages: counter("lorawan_messages", "Messages of the network server received."),
    readings: counter("lorawan_readings", "Readings decoded from uplinks."),
    repeats: counter("lorawan_repeats", "Uplinks that had been accepted before, or were on the air again."),
    missed: counter("lorawan_frames_missed", "Uplinks that the frame counters say were lost."),
    restarts: counter("lorawan_counters_back", "Frame counters that went back: a device began anew."),
    joins: counter("lorawan_joins", "Devices that joined."),
    other: counter("lorawan_other_events", "Events of the network server that say nothing of instruments."),
    unknown: counter("lorawan_unknown_devices", "Messages of devices that the site does not have."),
    undecodable: counter("lorawan_undecodable", "Messages that could not be decoded: quarantined."),
    refused: counter(
      "lorawan_refused",
      "Uplinks that the journal could not take: the broker sends them again.",
    ),
    dropped: counter("lorawan_dropped", "Uplinks of QoS 0 that the journal could not take: lost."),
    subscriptionsRefused: counter("lorawan_subscriptions_refused", "Subscriptions that the broker refused."),
    threads: counter(
      "lorawan_codec_threads_restarted",
      "Times that the thread of the codecs had to be started again.",
    ),
    fault: (codec, why) =>
      counters.counter({
        name: "lorawan_codec_faults",
        help: "Uplinks for which a codec gave nothing, by codec and why.",
        labels: { link, codec: basename(codec), why },
      }),
  };
}
