import type { Program } from "../../servers/available.ts";

/** A device as the link sees it, on a bench: it can be there or not, and can talk nonsense. */
export interface Peer {
  /** It is there: it can be reached, or it has dialled. `listening`: where the driver waits for it, if it does. */
  appear(listening: string | undefined): Promise<void>;
  /** It is gone, as with its power cut. */
  vanish(): Promise<void>;
  /** Sends bytes that mean nothing: instead of its answer to the next question, or as somebody else who comes by. */
  babble(bytes: Buffer): Promise<void>;
}

/** A device that reports by itself and waits for an acknowledgement. */
export interface Reporter extends Peer {
  /** Sends report number `n`, from 1, and does not wait. Its value is `n`. */
  say(n: number): void;
  /** Sends report `n` again, as the protocol does with one that was not acknowledged. */
  again(n: number): Promise<void>;
  /** Acknowledgements that have come. */
  readonly acknowledged: number;
}

/** A link with its device, ready to be brought to life. */
export interface Setting {
  /** Site file with one link and one device on it. */
  readonly site: string;
  /** What else stands beside the site file: profiles. */
  readonly files?: Readonly<Record<string, string>>;
}

/** How a kind of driver is put on the bench. */
export type Bench = { readonly needs?: readonly Program[] } & (
  | {
      /** The driver asks its devices. */
      readonly asks: true;
      set(): Promise<Setting & { readonly peer: Peer }>;
    }
  | {
      /** The devices speak. */
      readonly asks: false;
      /**
       * What comes of more than the intake can take. `slows`: the device is read no further. `unacknowledged`: it is heard, and what
       * was not kept is not acknowledged, for protocols that carry fire alarms behind whatever fills the queue.
       */
      readonly flood: "slows" | "unacknowledged";
      /** The loss of the device is told; without that its liveness is all there is. */
      readonly tellsLoss: boolean;
      set(): Promise<Setting & { readonly peer: Reporter }>;
    }
  | {
      /** Why only what needs no device is asked of it. */
      readonly owes: string;
      set(): Promise<Setting>;
    }
);
