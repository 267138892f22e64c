import type { DriverContext } from "../../driver.ts";
import { ExternalBroker, type ExternalBrokerOptions } from "./external-broker.ts";

/** What the options of every link behind an external broker have, besides how it is reached. */
interface ClientLinkOptions {
  readonly clientId?: string | undefined;
  readonly password?: string | undefined;
  readonly limits: { readonly packet: number; readonly held: number; readonly inFlight: number };
}

/**
 * The connection of a link to its external broker.
 * @throws ConfigurationError CONFIG_NOT_FOUND when a TLS file cannot be read, SECRET_MISSING.
 */
export function brokerOfLink(
  context: DriverContext<ClientLinkOptions>,
  own: Pick<ExternalBrokerOptions, "connection" | "keeper" | "events" | "will" | "clean">,
): ExternalBroker {
  const { link, options, secret, clock, log } = context;
  return new ExternalBroker({
    name: link.id,
    clientId: clientIdOf(context),
    ...(options.password === undefined ? {} : { password: secret(options.password) }),
    packetBytes: options.limits.packet,
    held: options.limits.held,
    inFlight: options.limits.inFlight,
    clock,
    log,
    ...own,
  });
}

/** What the client of a link calls itself. */
export function clientIdOf({ link, siteId, options }: DriverContext<ClientLinkOptions>): string {
  return options.clientId ?? ["tocsin", siteId, link.id].filter(Boolean).join("-");
}
