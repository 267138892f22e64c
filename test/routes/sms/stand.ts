import { MILLISECOND, SystemClock } from "../../../model/time.ts";
import { openPseudoTerminals, type PseudoTerminals } from "../../../simulators/pseudo-terminal.ts";
import { SmsModem } from "../../../simulators/sms-modem.ts";
import { settled } from "../../alerts/support/alert-desk.ts";
import type { ManualClock } from "../../support/manual-clock.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { RouteDesk } from "../desk.ts";

/** The test's time passes ten times as fast as a real serial line. */
const STEP = 100 * MILLISECOND;

/** A modem on a cable, which can be pulled out. */
export class ModemCable implements AsyncDisposable {
  readonly #folder = temporaryFolder("sms");
  readonly modem: SmsModem;
  #pair: PseudoTerminals | undefined;

  constructor(clock = new SystemClock()) {
    this.modem = new SmsModem({ path: this.#folder.join("modem"), clock });
  }

  /** The end that a gateway opens. */
  get path(): string {
    return this.#folder.join("gateway");
  }

  async plugIn(): Promise<void> {
    this.#pair = await openPseudoTerminals(
      { left: this.path, right: this.#folder.join("modem") },
      new SystemClock(),
    );
    await this.modem.start();
  }

  async pullOut(): Promise<void> {
    await this.modem.stop();
    await this.#pair?.stop();
    this.#pair = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pullOut();
    this.#folder[Symbol.dispose]();
  }
}

export const PHONES = { duty: "+8613800138000", chief: "13912345678" };

/** A desk with one route by text message. */
export async function texting(
  options: object,
  run: (of: { desk: RouteDesk; modem: SmsModem; cable: ModemCable }) => Promise<void>,
  { phones = PHONES.duty, pluggedIn = true }: { phones?: string; pluggedIn?: boolean } = {},
): Promise<void> {
  await using cable = new ModemCable();
  if (pluggedIn) await cable.plugIn();
  await using desk = await RouteDesk.start({
    routes: { phones: { type: "sms", path: cable.path, to: ["env:PHONES"], ...options } },
    secrets: { "env:PHONES": phones, "env:PIN": "1234" },
  });
  await run({ desk, modem: cable.modem, cable });
}

/** The test's time passes until something is so. */
export async function eventually(
  desk: { readonly clock: ManualClock },
  what: string,
  condition: () => boolean,
  { withinMs = 20_000, step = STEP }: { withinMs?: number; step?: number } = {},
): Promise<void> {
  await until(
    what,
    async () => {
      if (condition()) return true;
      desk.clock.advance(step);
      await settled();
      return condition();
    },
    { withinMs },
  );
}
