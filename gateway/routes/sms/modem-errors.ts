/*
 * What modems answer instead of OK: 3GPP TS 27.005, 3.2.5 (CMS), TS 24.011, E-2 (causes of the network), TS 27.007, 9.2 (CME).
 */

/** What an error is about, and with that what is done. */
export type ErrorClass =
  /** This number, or this message: offered again a few times, then set aside. */
  | "message"
  /** The network, for now: tried again. */
  | "network"
  /** SIM, subscription or service centre: tried again, and a person must mend it. */
  | "setup"
  /** The modem itself: it is started anew. */
  | "modem";

export interface ErrorMeaning {
  readonly class: ErrorClass;
  readonly words: string;
}

const CMS: Readonly<Record<number, ErrorMeaning>> = {
  1: { class: "message", words: "the number is not assigned" },
  8: { class: "setup", words: "barred by the operator" },
  10: { class: "setup", words: "barred; is the account paid?" },
  21: { class: "network", words: "rejected by the network" },
  27: { class: "network", words: "the destination is out of service" },
  28: { class: "message", words: "the number is not known" },
  29: { class: "setup", words: "the network refuses short messages" },
  30: { class: "message", words: "the subscriber is not known" },
  38: { class: "network", words: "the network is out of order" },
  41: { class: "network", words: "temporary failure of the network" },
  42: { class: "network", words: "the network is congested" },
  47: { class: "network", words: "the network has no resources" },
  50: { class: "setup", words: "short messages are not subscribed for this SIM" },
  69: { class: "setup", words: "short messages are not possible here; over IMS the SIM must allow them" },
  300: { class: "modem", words: "failure of the modem" },
  302: { class: "modem", words: "the modem does not allow that now" },
  303: { class: "modem", words: "the modem does not know that" },
  304: { class: "message", words: "the modem finds the PDU invalid" },
  305: { class: "message", words: "the modem finds the text invalid" },
  310: { class: "setup", words: "there is no SIM" },
  311: { class: "setup", words: "the SIM asks for its PIN" },
  313: { class: "modem", words: "failure of the SIM" },
  314: { class: "network", words: "the SIM is busy" },
  315: { class: "setup", words: "wrong SIM" },
  316: { class: "setup", words: "the SIM is locked and asks for its PUK" },
  320: { class: "modem", words: "failure of the memory" },
  322: { class: "network", words: "the memory is full" },
  330: { class: "setup", words: "no number of a service centre is set" },
  331: { class: "network", words: "no network" },
  332: { class: "network", words: "the network did not answer in time" },
  350: { class: "setup", words: "rejected by the service centre" },
  500: { class: "modem", words: "failure without a cause" },
};

const CME: Readonly<Record<number, ErrorMeaning>> = {
  3: { class: "modem", words: "the modem does not allow that now" },
  4: { class: "modem", words: "the modem does not know that" },
  10: { class: "setup", words: "there is no SIM" },
  11: { class: "setup", words: "the SIM asks for its PIN" },
  12: { class: "setup", words: "the SIM is locked and asks for its PUK" },
  13: { class: "modem", words: "failure of the SIM" },
  14: { class: "network", words: "the SIM is busy" },
  15: { class: "setup", words: "wrong SIM" },
  16: { class: "setup", words: "the PIN of the SIM is wrong" },
  30: { class: "network", words: "no network" },
  31: { class: "network", words: "the network did not answer in time" },
  32: { class: "setup", words: "the network allows emergency calls only" },
};

/** What an error of a modem means. What is not known is taken for the network's: it may pass. */
export function meaningOf(kind: "CMS" | "CME" | undefined, code: number): ErrorMeaning {
  const known = kind === "CMS" ? CMS[code] : kind === "CME" ? CME[code] : undefined;
  return (
    known ?? { class: "network", words: kind === undefined ? "error without a number" : "unknown error" }
  );
}
