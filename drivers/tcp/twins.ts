/** A way on which devices speak: a TCP connection, or a sender of datagrams. */
export interface Way {
  /** Address of the peer, without its port. */
  readonly address: string;
  /** The peer still holds it. */
  readonly open: boolean;
}

/**
 * Finds two devices that call themselves the same: one was set up as a copy of the other, and the all-clear of either would pass for
 * both. A device that dials in anew leaves its old connection for good; only of two does one go on where it had been left for the
 * other. From one and the same address they are taken for one device, or for a relay that spreads its frames.
 */
export class Twins<W extends Way> {
  readonly #ways = new Map<string, { now: W; before: W | undefined }>();

  /** A device has spoken. Gives the other's way when there are two of them. */
  heard(device: string, way: W): W | undefined {
    const known = this.#ways.get(device);
    if (known === undefined) {
      this.#ways.set(device, { now: way, before: undefined });
      return undefined;
    }
    const { now, before } = known;
    if (now === way) return undefined;
    known.now = way;
    known.before = now;
    return before === way && now.open && now.address !== way.address ? now : undefined;
  }
}
