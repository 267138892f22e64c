import type { Gateway } from "../gateway.ts";
import { VERSION } from "../version.ts";
import { type ScreenState, screen } from "./screen.ts";

/** Twice a second is as fast as a person reads; the drawing costs a millisecond. */
const REDRAW_MS = 500;

const ALTERNATE_SCREEN = "\u001b[?1049h\u001b[?25l";
const NORMAL_SCREEN = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_TO_END_OF_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

export interface Console {
  close(): void;
}

/** Shows the live table on the terminal until closed. The screen as it was comes back afterwards. */
export function openConsole(gateway: Gateway, log: ScreenState["log"]): Console {
  const { stdout } = process;
  let blocked = false;
  const draw = (): void => {
    // A terminal that does not keep up (a slow ssh) misses pictures; it never makes us buffer them.
    if (blocked) return;
    const lines = screen(stateOf(gateway, log), { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 });
    const picture = lines.map((line) => line + CLEAR_TO_END_OF_LINE).join("\n");
    blocked = !stdout.write(`${HOME}${picture}${CLEAR_BELOW}`);
  };
  const drained = (): void => {
    blocked = false;
  };
  const restore = (): void => {
    stdout.write(NORMAL_SCREEN);
  };
  stdout.write(ALTERNATE_SCREEN);
  stdout.on("drain", drained);
  stdout.on("resize", draw);
  process.once("exit", restore);
  draw();
  const timer = setInterval(draw, REDRAW_MS);
  return {
    close() {
      clearInterval(timer);
      stdout.off("drain", drained);
      stdout.off("resize", draw);
      process.off("exit", restore);
      restore();
    },
  };
}

function stateOf(gateway: Gateway, log: ScreenState["log"]): ScreenState {
  const { configuration, engine, journal, counters, addresses } = gateway;
  return {
    site: configuration.site,
    version: VERSION,
    now: gateway.now(),
    mqtt: addresses.mqtt,
    http: addresses.http,
    alarms: [...engine.alarms()],
    rules: configuration.rules,
    channels: [...engine.channels()],
    readings: counters.counter({ name: "readings_entered", help: "" }).total,
    uncommitted: journal.inFlight.readings,
    sinks: journal.reader.sinks.map(({ id, pending, outage }) => ({
      id,
      pending,
      out: outage !== undefined,
    })),
    log,
  };
}
