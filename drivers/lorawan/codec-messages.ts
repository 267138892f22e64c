/*
 * What passes between the gateway and the thread in which codecs run.
 */

/** Bounds of one codec. */
export interface CodecBounds {
  /** Over one uplink, ms. */
  readonly deadline: number;
  readonly memoryBytes: number;
  /** Longest JSON returned, characters. */
  readonly output: number;
}

/** Start of the thread. */
export interface CodecStart {
  /** Files by the number that batches name them with. */
  readonly files: readonly string[];
  readonly bounds: CodecBounds;
}

/** Uplinks for one codec. */
export interface CodecBatch {
  readonly batch: number;
  readonly codec: number;
  /** JSON of `CodecInput`, one an uplink. */
  readonly inputs: readonly string[];
}

/** What a codec is given. */
export interface CodecInput {
  readonly bytes: readonly number[];
  readonly fPort: number;
  /** Unix ms. */
  readonly recvTime: number;
}

/** Why a codec gave nothing. */
export type CodecFault =
  /** It cannot be loaded, or has no function that we know. */
  | "broken"
  /** It threw, or returned what is no JSON object. */
  | "threw"
  /** It took longer than its deadline. */
  | "deadline"
  /** It wanted more memory. */
  | "memory"
  /** It returned more than anybody needs. */
  | "output"
  /** The thread ended or hung over it. */
  | "crashed"
  /** It has been set aside for a while. */
  | "parked"
  /** Too many uplinks wait for it. */
  | "crowded";

/** What became of one uplink: the JSON that the codec returned, or why not. */
export type CodecOutcome = { readonly json: string } | { readonly fault: CodecFault; readonly words: string };

/** The answer to a batch: outcomes of its first uplinks. What follows a fault that costs time is left for another turn. */
export interface CodecAnswer {
  readonly batch: number;
  readonly outcomes: readonly CodecOutcome[];
  /** The interpreter did not survive, and the thread ends: no fault of the next uplink. */
  readonly dying: boolean;
}
