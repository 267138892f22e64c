import { ALARM_CLASSES, SEVERITIES } from "../../model/severity.ts";
import { SECOND } from "../../model/time.ts";
import type { Gauge } from "./metrics.ts";
import type { Observed } from "./observed.ts";

/** What stands at this moment: alarms, sinks, the journal's lag, the process. */
export function gauges(observed: Observed): Gauge[] {
  const { journal, engine, configuration } = observed;
  const memory = process.memoryUsage();
  const alarms = [...engine.alarms()];
  return [
    { name: "ready", help: "1 while everything of ours runs.", value: Number(observed.ready) },
    {
      name: "uptime_seconds",
      help: "Seconds since this process took over.",
      value: (observed.now() - observed.startedAt) / SECOND,
    },
    {
      name: "clock_ahead_seconds",
      help: "How far the intake clock leads the wall clock. Large after the wall clock was set back: times of readings lead by as much.",
      value: observed.clockAhead / SECOND,
    },
    {
      name: "journal_failed",
      help: "1 while the journal cannot write.",
      value: Number(journal.failure !== undefined),
    },
    {
      name: "journal_uncommitted_readings",
      help: "Readings handed to the writer and not yet on disk.",
      value: journal.inFlight.readings,
    },
    { name: "channels", help: "Channels of the site.", value: configuration.site.channels.length },
    { name: "resident_bytes", help: "Resident memory.", value: memory.rss },
    { name: "heap_bytes", help: "Used heap of the main thread.", value: memory.heapUsed },
    ...SEVERITIES.flatMap((severity) =>
      ALARM_CLASSES.map((alarmClass) => ({
        name: "alarms_active",
        help: "Active alarms.",
        labels: { severity, class: alarmClass },
        value: alarms.filter(
          (alarm) => alarm.active && alarm.severity === severity && alarm.class === alarmClass,
        ).length,
      })),
    ),
    {
      name: "alarms_unacknowledged",
      help: "Alarms that nobody has acknowledged.",
      value: alarms.filter((alarm) => /unacknowledged|returned/.test(alarm.state)).length,
    },
    ...observed.routes.status.flatMap(({ id, state, backlog, waiting }) => [
      {
        name: "route_failing",
        help: "1 while a route to people fails.",
        labels: { route: id },
        value: Number(state === "failing"),
      },
      {
        name: "route_backlog",
        help: "Event numbers since the oldest event that a route has not delivered.",
        labels: { route: id },
        value: backlog,
      },
      {
        name: "route_waiting",
        help: "Messages that wait in front of a route.",
        labels: { route: id },
        value: waiting,
      },
    ]),
    ...journal.reader.sinks.flatMap(({ id, pending, outage, events }) => [
      { name: "sink_pending_records", help: "Records not delivered.", labels: { sink: id }, value: pending },
      {
        name: "sink_pending_events",
        help: "Alarm events not delivered.",
        labels: { sink: id },
        value: events,
      },
      {
        name: "sink_out",
        help: "1 while the sink does not answer.",
        labels: { sink: id },
        value: Number(outage !== undefined),
      },
    ]),
  ];
}
