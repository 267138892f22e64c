/** A message that a modem was given. */
export interface Submitted {
  /** With `+` where it is an international number. */
  readonly to: string;
  readonly text: string;
  readonly report: boolean;
  /** Octet of the relative validity; undefined: the network's own. */
  readonly validity: number | undefined;
  readonly part?: { readonly reference: number; readonly total: number; readonly number: number };
}

/** Reads an SMS-SUBMIT in UCS-2 (3GPP TS 23.040, 9.2.2.2) with its service centre in front; undefined when it is none. */
export function parseSubmit(hex: string): Submitted | undefined {
  if (!/^([0-9A-F]{2})+$/i.test(hex)) return undefined;
  const octets = [...Buffer.from(hex, "hex")];
  const take = (count: number) => octets.splice(0, count);
  take(take(1)[0]!);
  const first = take(1)[0] ?? 0;
  if ((first & 0x03) !== 0x01) return undefined;
  take(1);
  const digits = take(1)[0] ?? 0;
  const type = take(1)[0];
  const number = take(Math.ceil(digits / 2))
    .map((octet) => `${octet & 0x0f}${octet >> 4 > 9 ? "" : octet >> 4}`)
    .join("");
  const [protocol, coding] = take(2);
  if (protocol !== 0 || coding !== 0x08 || number.length !== digits) return undefined;
  const validity = (first & 0x18) === 0x10 ? take(1)[0] : undefined;
  const length = take(1)[0];
  if (length !== octets.length || length > 140) return undefined;
  let part: Submitted["part"];
  if ((first & 0x40) !== 0) {
    const header = take(take(1)[0] ?? 0);
    const [element, size, reference, total, at] = header;
    if (element !== 0 || size !== 3) return undefined;
    part = { reference: reference!, total: total!, number: at! };
  }
  return {
    to: type === 0x91 ? `+${number}` : number,
    text: Buffer.from(octets).swap16().toString("utf16le"),
    report: (first & 0x20) !== 0,
    validity,
    ...(part === undefined ? {} : { part }),
  };
}
