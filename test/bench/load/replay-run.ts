import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Journal } from "../../../gateway/journal/journal.ts";
import { journalOptionsSchema } from "../../../gateway/journal/options.ts";
import { PageBuilder } from "../../../gateway/journal/page.ts";
import { JournalSource } from "../../../gateway/replay/journal-source.ts";
import { mappingSchema } from "../../../gateway/replay/mapping.ts";
import { type Outcome, replay } from "../../../gateway/replay/run.ts";
import type { Source } from "../../../gateway/replay/source.ts";
import { TableSource } from "../../../gateway/replay/table-source.ts";
import { CounterRegistry } from "../../../model/counter.ts";
import { SILENT } from "../../../model/log.ts";
import { REASON } from "../../../model/quality.ts";
import { ReadingBatch } from "../../../model/reading.ts";
import { MILLISECOND, SECOND, SystemClock } from "../../../model/time.ts";
import { alarmSettingsSchema } from "../../../rules/settings.ts";
import { rulesOf } from "../../rules/engine-run.ts";
import { siteOf } from "../../rules/site-builder.ts";

/*
 * 1 Hz over 50 channels, replayed: from a table with a column a channel, or from a journal. Arguments: `write`, `table` or `journal`; a
 * folder; and for `write` how many seconds of data. Says as JSON how fast it was and how much memory the process had in the first quarter
 * and afterwards.
 */

const CHANNELS = 50;
const START = Date.UTC(2026, 4, 21) * MILLISECOND;
/** Seconds whose readings share a page, as the commit spacing of polled data makes them. */
const SECONDS_A_PAGE = 2;
/** One channel goes over its limit and comes back, every five minutes. */
const WAVE = 300;

const [what = "", folder = "", seconds = "0"] = process.argv.slice(2);
const LENGTH = Number(seconds);
const NO_BOUNDS = { since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

const site = siteOf({
  devices: Array.from({ length: CHANNELS }, (_, i) => ({ id: `gd-${i}`, channels: [{ id: "lel" }] })),
});
const configuration = {
  site,
  rules: rulesOf(site, {
    leak: { applies: { quantity: "gas_lel" }, above: { yellow: 10, orange: 25, red: 50 }, deadband: 2 },
    rise: {
      applies: { quantity: "gas_lel" },
      rate: { window: "30s", per: "minute", above: { yellow: 60 } },
    },
  }),
  alarms: alarmSettingsSchema.parse({}),
};

function value(second: number, channel: number): number {
  const high = channel === 0 && second % WAVE > WAVE - 20;
  return high ? 30 : ((second * 7 + channel * 13) % 41) / 10;
}

function writeTable(path: string): void {
  const file = openSync(path, "w");
  const names = Array.from({ length: CHANNELS }, (_, i) => `c${i}`);
  let text = `time,${names.join(",")}\n`;
  for (let second = 0; second < LENGTH; second++) {
    text += new Date(START / MILLISECOND + second * 1_000).toISOString();
    for (let channel = 0; channel < CHANNELS; channel++) text += `,${value(second, channel)}`;
    text += "\n";
    if (text.length > 1 << 20) {
      writeSync(file, text);
      text = "";
    }
  }
  writeSync(file, text);
  closeSync(file);
}

async function writeJournal(path: string): Promise<void> {
  mkdirSync(path);
  const journal = await Journal.open({
    folder: path,
    options: journalOptionsSchema.parse({}),
    sinks: [],
    series: site.channels.map((channel) => ({
      key: channel.key,
      site: site.id,
      point: "p",
      device: site.devices[channel.device]!.id,
      channel: channel.id,
      domain: "gas",
      quantity: channel.quantity,
      unit: channel.unit,
    })),
    secret: () => "",
    clock: new SystemClock(),
    log: SILENT,
    counters: new CounterRegistry(),
  });
  const page = new PageBuilder({ next: journal.recovery.lastSequence + 1, series: journal.series });
  journal.onReturned((buffer) => page.recycle(buffer));
  const batch = new ReadingBatch();
  for (let second = 0; second < LENGTH; second++) {
    const at = START + second * SECOND;
    for (let channel = 0; channel < CHANNELS; channel++) {
      batch.clear();
      batch.add(channel, value(second, channel), REASON.good, at);
      page.message(batch, at);
    }
    if ((second + 1) % SECONDS_A_PAGE === 0) {
      journal.commit(page.take(), "soon");
      while (journal.inFlight.readings > 200_000) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  await journal.close();
}

interface Measured {
  readonly readings: number;
  readonly seconds: number;
  /** CPU seconds of the whole process. */
  readonly cpu: number;
  readonly events: number;
  /** Resident bytes after a quarter of the data, and the most from then on. */
  readonly early: number;
  readonly late: number;
}

function measure(source: Source): Measured {
  let early = 0;
  let late = 0;
  const outcome: Outcome = replay({
    configuration,
    source,
    since: NO_BOUNDS.since,
    progress: (done) => {
      const resident = process.memoryUsage.rss();
      if (done < 0.25) early = Math.max(early, resident);
      else late = Math.max(late, resident);
    },
  });
  const { readings, seconds: took, events } = outcome;
  const { user, system } = process.cpuUsage();
  return { readings, seconds: took, cpu: (user + system) / SECOND, events, early, late };
}

const table = join(folder, "levels.csv");
const data = join(folder, "data");
if (what === "write") {
  writeTable(table);
  await writeJournal(data);
} else {
  const mapping = mappingSchema.parse({
    time: { column: "time" },
    channels: Object.fromEntries(site.channels.map(({ key }, i) => [`c${i}`, key])),
  });
  const source =
    what === "table"
      ? new TableSource({ path: table, site, mapping, span: NO_BOUNDS })
      : new JournalSource(data, NO_BOUNDS);
  process.stdout.write(`${JSON.stringify(measure(source))}\n`);
}
