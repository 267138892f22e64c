/** The way to whoever sent something. */
export interface Wire {
  /** For logs and lists: `10.26.0.7:41022`. */
  readonly peer: string;
  /** The same without the port. */
  readonly address: string;
  /** The peer still holds it. */
  readonly open: boolean;
  /** Its end would be noticed: a TCP connection, not a sender of datagrams. */
  readonly connected: boolean;
  send(bytes: Buffer): void;
  /** A device that we know has spoken over it. */
  known(): void;
  /** Confirmations that waited have left. */
  released(): void;
}
