import type { Counter, Counters } from "../../model/counter.ts";

/** Everything a link counts. */
export interface Counts {
  readonly messages: Counter;
  readonly readings: Counter;
  readonly undecodable: Counter;
  readonly unmapped: Counter;
  readonly unknownAliases: Counter;
  readonly ambiguousAliases: Counter;
  readonly arrays: Counter;
  readonly missing: Counter;
  readonly historical: Counter;
  readonly gaps: Counter;
  readonly doubted: Counter;
  readonly staleDeaths: Counter;
  readonly deaths: Counter;
  readonly births: Counter;
  readonly rebirths: Counter;
  readonly repeats: Counter;
  readonly retained: Counter;
  readonly unknownNodes: Counter;
  readonly unknownDevices: Counter;
  readonly unrouted: Counter;
  readonly refused: Counter;
  readonly dropped: Counter;
  readonly subscriptionsRefused: Counter;
}

/** The counters of one link, by their names in `/metrics`. */
export function countsOf(counters: Counters, link: string): Counts {
  const counter = (name: string, help: string) => counters.counter({ name, help, labels: { link } });
  return {
    messages: counter("sparkplug_messages", "Messages of nodes of the site."),
    readings: counter("sparkplug_readings", "Readings decoded from metrics."),
    undecodable: counter("sparkplug_undecodable", "Payloads that are none: quarantined."),
    unmapped: counter("sparkplug_unmapped", "Metrics that no channel wants."),
    unknownAliases: counter("sparkplug_unknown_aliases", "Metrics under an alias that no birth gave."),
    ambiguousAliases: counter(
      "sparkplug_ambiguous_aliases",
      "Aliases that a node gave to two metrics: neither is read by it.",
    ),
    arrays: counter("sparkplug_arrays", "Arrays where a channel wants a number."),
    missing: counter("sparkplug_missing_metrics", "Metrics a channel wants that a birth did not have."),
    historical: counter("sparkplug_historical", "Readings marked as historical."),
    gaps: counter("sparkplug_gaps", "Breaks in the sequence numbers of a node: messages were lost."),
    doubted: counter("sparkplug_doubted", "Messages without a valid birth before them: uncertain at best."),
    staleDeaths: counter("sparkplug_stale_deaths", "Deaths of an earlier session of a node: left."),
    deaths: counter("sparkplug_deaths", "Deaths of nodes and devices."),
    births: counter("sparkplug_births", "Births of nodes and devices."),
    rebirths: counter("sparkplug_rebirth_requests", "Requests for a birth that were sent."),
    repeats: counter("sparkplug_repeats", "Messages sent again (DUP) that had been accepted before."),
    retained: counter("sparkplug_retained", "Retained messages of nodes, which are of unknown age: left."),
    unknownNodes: counter("sparkplug_unknown_nodes", "Messages of nodes that the site does not have."),
    unknownDevices: counter(
      "sparkplug_unknown_devices",
      "Messages of devices, behind nodes of the site, that it does not have.",
    ),
    unrouted: counter("sparkplug_unrouted", "Messages on other topics, such as commands of other hosts."),
    refused: counter("sparkplug_refused", "Messages the intake did not keep: evaluated, not acknowledged."),
    dropped: counter("sparkplug_dropped", "QoS 0 messages the intake did not keep: evaluated and lost."),
    subscriptionsRefused: counter("sparkplug_subscriptions_refused", "Subscriptions the broker refused."),
  };
}
