import { stringify } from "yaml";
import type { BrokerDriver } from "../../drivers/mqtt/broker/driver.ts";
import { RawClient } from "../mqtt/raw-client.ts";
import { RecordingIntake } from "../support/recording-intake.ts";
import { DriverStand } from "../tcp/driver-stand.ts";

/** A link `lora` that takes its uplinks from the embedded broker `broker`, as the gateway puts them together. */
export class Both implements AsyncDisposable {
  readonly intake: RecordingIntake;
  readonly broker: DriverStand;
  readonly lora: DriverStand;

  static async open(written: object, intake = new RecordingIntake({ instant: false })): Promise<Both> {
    const text = stringify(written);
    const both = new Both(
      await DriverStand.prepare(text, { intake, link: "broker" }),
      await DriverStand.prepare(text, { intake, link: "lora" }),
    );
    const { feed } = both.lora.driver as { feed?: Parameters<BrokerDriver["feeds"]>[0] };
    (both.broker.driver as unknown as BrokerDriver).feeds(feed!);
    await both.broker.driver.start(intake);
    return both;
  }

  private constructor(broker: DriverStand, lora: DriverStand) {
    this.intake = lora.intake;
    this.broker = broker;
    this.lora = lora;
  }

  /** The network server. */
  connect(more: Parameters<typeof RawClient.connect>[1] = {}): Promise<RawClient> {
    return RawClient.connect(this.broker.port, { clientId: "chirpstack", clean: false, ...more });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.intake.makeDurable();
    await this.lora.driver.stop();
    await this.broker.driver.stop();
  }
}
