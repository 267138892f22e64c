import { Journal } from "../../gateway/journal/journal.ts";
import { journalOptionsSchema } from "../../gateway/journal/options.ts";
import { pageEnd } from "../../gateway/journal/page.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SILENT } from "../../model/log.ts";
import { SystemClock } from "../../model/time.ts";
import { alarmEvent, definitions, pageOf } from "./journal-fixture.ts";

/*
 * A gateway in small, to be killed: writes pages with events as fast as they become durable, and says on standard output what it
 * has used and what it has been promised. Ends by itself on SIGTERM.
 *
 *   start <first sequence> <first event number> <first occurrence>
 *   used <event number>                 before the page with that event is handed over, as an alert would go out
 *   durable <sequence>
 *   failed <code> / works
 */
const [folder, segmentSize, rest] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Pages on their way at a time. */
const WINDOW = 4;
/** Readings in a page. */
const READINGS = 200;

const journal = await Journal.open({
  folder: folder!,
  options: {
    ...journalOptionsSchema.parse({}),
    segment: { size: Number(segmentSize), age: Number.MAX_SAFE_INTEGER },
  },
  series: definitions(8),
  clock: new SystemClock(),
  log: SILENT,
  counters: new CounterRegistry(),
  sinks: [],
  secret: () => "",
});

let next = journal.recovery.lastSequence + 1;
let seq = journal.recovery.seq;
let stopping = false;
say(`start ${next} ${seq} ${journal.recovery.occurrence}`);

function write(): void {
  while (!stopping && journal.inFlight.pages < WINDOW) {
    say(`used ${seq}`);
    const messages = Array.from({ length: READINGS }, (_, i) => [[(i % 8) + 1, Math.sin(next + i)] as const]);
    const page = pageOf(next, { messages, events: [alarmEvent(seq)] });
    next = pageEnd(page);
    seq++;
    journal.commit(page, "soon");
  }
}

journal.onDurable((durable) => {
  say(`durable ${durable}`);
  if (rest === undefined) write();
  else setTimeout(write, Number(rest));
});
journal.onFailure((failure) => say(failure === undefined ? "works" : `failed ${failure.code}`));
process.on("SIGTERM", () => {
  stopping = true;
  void journal.close().then(() => say("closed"));
});
write();
