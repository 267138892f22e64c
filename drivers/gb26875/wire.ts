/** The way to whoever sent something. */
export interface Wire {
  /** For logs and lists: `10.26.0.7:41022`. */
  readonly peer: string;
  /** Its end would be noticed: a TCP connection, not a sender of datagrams. */
  readonly connected: boolean;
  send(bytes: Buffer): void;
  /** Ends it, for a reason of ours. */
  cut(why: string): void;
}
