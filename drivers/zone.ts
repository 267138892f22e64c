import { MINUTE, type Micros } from "../model/time.ts";

const OFFSET = /^([+-])(\d\d):(\d\d)$/;

/** A clock's offset from UTC as `+08:00`, in microseconds ahead of it. @throws RangeError */
export function zoneOf(text: string): Micros {
  const match = OFFSET.exec(text);
  if (match === null) throw new RangeError(`no offset: ${text}`);
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -minutes : minutes) * MINUTE;
}
