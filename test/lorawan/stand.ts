import type { z } from "zod";
import { create, type LorawanDriver } from "../../drivers/lorawan/driver.ts";
import { lorawanAddressSchema, lorawanLinkSchema } from "../../drivers/lorawan/options.ts";
import type { LorawanSection } from "../../drivers/lorawan/profile.ts";
import { BUILT_IN_PROFILES, loadProfiles } from "../../drivers/profile-store.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SILENT } from "../../model/log.ts";
import { SystemClock } from "../../model/time.ts";
import { TestSite, testLink, total } from "../mqtt/site.ts";
import { RecordingIntake } from "../support/recording-intake.ts";

const builtIn = loadProfiles([BUILT_IN_PROFILES]).profiles;

/** One device: a built-in profile, perhaps with another codec, or none. */
export interface LoraDevice {
  readonly id: string;
  readonly profile: string;
  readonly devEui: string;
  readonly codec?: string | undefined;
}

/** A link to a network server's broker, with a disk that a test moves by hand. */
export class LoraStand implements AsyncDisposable {
  readonly site: TestSite;
  readonly driver: LorawanDriver;
  readonly counters = new CounterRegistry();
  readonly intake: RecordingIntake;

  static async start(
    options: z.input<typeof lorawanLinkSchema>,
    devices: readonly LoraDevice[],
    intake = new RecordingIntake(),
  ): Promise<LoraStand> {
    const stand = new LoraStand(options, devices, intake);
    await stand.driver.start(intake);
    return stand;
  }

  private constructor(
    input: z.input<typeof lorawanLinkSchema>,
    devices: readonly LoraDevice[],
    intake: RecordingIntake,
  ) {
    this.intake = intake;
    this.site = new TestSite(
      devices.map(({ id, profile }) => ({
        id,
        profile: {
          channels: Object.fromEntries(
            Object.entries(builtIn.get(profile)!.channels).map(([local, { quantity }]) => [
              local,
              { quantity },
            ]),
          ),
          payload: { messages: [{ channels: {} }] },
        },
      })),
    );
    const options = lorawanLinkSchema.parse(input);
    this.driver = create({
      link: testLink("lorawan", options),
      options,
      devices: this.site.devices.map((on, index) => ({
        ...on,
        address: lorawanAddressSchema.parse({ devEui: devices[index]!.devEui }),
        profile: sectionOf(devices[index]!),
      })),
      clock: new SystemClock(),
      log: SILENT,
      counters: this.counters,
      secret: (reference) => reference,
    });
  }

  total(name: string): number {
    return total(this.counters, name);
  }

  /** The readings that entered, as a person would write them. */
  get readings(): string[] {
    return this.intake.readings.map(
      ({ channel, value, reason }) => `${this.site.key(channel)} ${value} ${reason}`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.stop();
  }
}

function sectionOf(device: LoraDevice): LorawanSection {
  const section = builtIn.get(device.profile)!.lorawan!;
  return "codec" in device
    ? { messages: section.messages, ...(device.codec === undefined ? {} : { codec: device.codec }) }
    : section;
}
