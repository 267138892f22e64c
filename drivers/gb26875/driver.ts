import { type DeviceError, NetworkError } from "../../model/error.ts";
import { formatListen, parseListen } from "../../model/listen.ts";
import { REASON } from "../../model/quality.ts";
import type { Driver, DriverContext, Intake, SnapshotValue, Stranger } from "../driver.ts";
import type { RequestAnswer, RequestOrder } from "../request.ts";
import { networkList } from "../tcp/networks.ts";
import type { TcpServer } from "../tcp/server.ts";
import type { Gb26875Address } from "./address.ts";
import { answer } from "./answering.ts";
import { Centre } from "./centre.ts";
import type { Member } from "./member.ts";
import type { Gb26875Options } from "./options.ts";
import type { Gb26875Section } from "./profile.ts";
import { REQUEST } from "./requests.ts";
import { type ServerOptions, tcpServer } from "./tcp-server.ts";
import { UdpServer } from "./udp-server.ts";

/** The server of a GB/T 26875.3 link. @throws ConfigurationError UNIT_MISMATCH, PROFILE_INVALID */
export function create(context: DriverContext): Driver {
  return new Gb26875Driver(context as DriverContext<Gb26875Options, Gb26875Address, Gb26875Section>);
}

export class Gb26875Driver implements Driver {
  readonly #context: DriverContext<Gb26875Options, Gb26875Address, Gb26875Section>;
  readonly #centre: Centre;
  #tcp: TcpServer | undefined;
  #udp: UdpServer | undefined;

  constructor(context: DriverContext<Gb26875Options, Gb26875Address, Gb26875Section>) {
    this.#context = context;
    const { link, options, devices, clock, log, counters } = context;
    this.#centre = new Centre({ link, options, devices, clock, log, counters });
  }

  get listening(): string {
    const address = (this.#tcp ?? this.#udp)?.address;
    if (address === undefined) return this.#context.options.listen;
    return formatListen(address);
  }

  strangers(): Stranger[] {
    return this.#centre.complaints.strangers.list();
  }

  /** @throws HostError ADDRESS_IN_USE, ADDRESS_UNAVAILABLE */
  async start(intake: Intake): Promise<void> {
    const { options, clock } = this.#context;
    const common: ServerOptions = {
      address: parseListen(options.listen)!,
      limits: options.limits,
      permitted: networkList(options.peers),
      centre: this.#centre,
      clock,
      witness: this.#centre.complaints,
    };
    this.#centre.start(intake);
    if (options.transports.includes("tcp")) {
      this.#tcp = tcpServer(common);
      await this.#tcp.start();
    }
    if (options.transports.includes("udp")) {
      // The same port as TCP, where the system chose that.
      const udp = new UdpServer({ ...common, address: this.#tcp?.address ?? common.address });
      await udp.start();
      this.#udp = udp;
    }
    intake.linkHealth(this.#context.link.index, true, REASON.good);
  }

  async stop(): Promise<void> {
    this.#centre.stop();
    await Promise.all([this.#tcp?.stop(), this.#udp?.stop()]);
  }

  /**
   * Asks the device for its own state and those of its listed systems, where it is connected, and tells what all its channels
   * said last.
   * @throws NetworkError LINK_DOWN when it is not connected and has said nothing; DeviceError DEVICE_TIMEOUT when it does not answer.
   */
  async read(device: number, signal: AbortSignal): Promise<SnapshotValue[]> {
    const member = this.#memberOf(device);
    const asked = this.#askForStates(member);
    const stopped = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true }),
    );
    let failure: unknown;
    await Promise.race([
      asked.catch((error: DeviceError | NetworkError) => {
        failure = error;
      }),
      stopped,
    ]);
    const values = member.station.snapshot();
    if (values.length === 0 && failure !== undefined) throw failure;
    return values;
  }

  /** Asks or tells a device what request-kinds.ts lists. States in the answer enter as readings, too. @throws as `Driver.request` */
  request(order: RequestOrder): Promise<RequestAnswer> {
    const { clock } = this.#context;
    return answer(this.#memberOf(order.device), order, () => clock.wall());
  }

  async #askForStates(member: Member): Promise<void> {
    await member.ask(REQUEST.deviceState());
    for (const { whole, address } of member.station.translation.targets) {
      if (!whole || address.system === undefined || address.systemAddress === undefined) continue;
      const { system, systemAddress } = address;
      await member.ask(REQUEST.systemState({ system, systemAddress }));
    }
  }

  #memberOf(device: number): Member {
    const member = this.#centre.memberOf(device);
    if (member === undefined) {
      throw new NetworkError("LINK_DOWN", `no device ${device} on link ${this.#context.link.id}`);
    }
    return member;
  }
}
