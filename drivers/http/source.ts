import type { BlockList } from "node:net";
import type { Micros } from "../../model/time.ts";
import type { Held } from "../tcp/held-answers.ts";
import { networkList } from "../tcp/networks.ts";
import { type Credentials, compileCredentials } from "./credentials.ts";
import { compileEnvelope, type Opener } from "./envelope.ts";
import { DEVICE_SEGMENT, type HttpOptions, type SourceOptions, sourcePath } from "./options.ts";
import { envelopeOf } from "./platforms.ts";
import { Rate } from "./rate.ts";

/** One that pushes, ready to be asked. */
export class Source implements Held {
  readonly id: string;
  readonly options: SourceOptions;
  readonly credentials: Credentials;
  readonly permitted: BlockList | undefined;
  readonly open: Opener;
  /** What OneNET signs with. */
  readonly check: string | undefined;
  readonly rate: Rate;
  /** Answers that wait for the disk. */
  held = 0;

  /** @throws ConfigurationError SECRET_MISSING */
  constructor(
    id: string,
    options: SourceOptions,
    with_: { secret: (reference: string) => string; limits: HttpOptions["limits"]; now: Micros },
  ) {
    this.id = id;
    this.options = options;
    this.credentials = compileCredentials(options, { secret: with_.secret, nonces: with_.limits.nonces });
    this.permitted = networkList(options.from);
    this.open = compileEnvelope(envelopeOf(options), with_.limits.messages);
    this.check = options.check === undefined ? undefined : with_.secret(options.check);
    this.rate = new Rate(options.rate, with_.now);
  }

  hold(): void {
    this.held++;
  }

  release(): void {
    this.held--;
  }
}

/** The sources of a link by the path they post to. */
export class Sources {
  readonly #exact = new Map<string, Source>();
  /** By what comes before the device's name. */
  readonly #prefixes = new Map<string, Source>();

  /** @throws ConfigurationError SECRET_MISSING */
  constructor(options: HttpOptions, with_: { secret: (reference: string) => string; now: Micros }) {
    for (const [id, option] of Object.entries(options.sources)) {
      const source = new Source(id, option, { ...with_, limits: options.limits });
      const path = sourcePath(id, option);
      if (path.endsWith(DEVICE_SEGMENT)) this.#prefixes.set(path.slice(0, -DEVICE_SEGMENT.length), source);
      else this.#exact.set(path, source);
    }
  }

  /** Whose a path is, and the device that it names. */
  find(path: string): { source: Source; device: string | undefined } | undefined {
    const source = this.#exact.get(path);
    if (source !== undefined) return { source, device: undefined };
    const cut = path.lastIndexOf("/") + 1;
    const prefixed = this.#prefixes.get(path.slice(0, cut));
    if (prefixed === undefined || cut === path.length) return undefined;
    try {
      return { source: prefixed, device: decodeURIComponent(path.slice(cut)) };
    } catch {
      // Not the percent-encoding of any text.
      return undefined;
    }
  }
}
