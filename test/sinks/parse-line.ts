/** One line of line protocol, taken apart by the rules of InfluxDB's documentation. */
export interface ParsedLine {
  measurement: string;
  tags: Record<string, string>;
  fields: Record<string, string | number>;
  /** As written. */
  time: string;
}

/** Reads a line. @throws {Error} when it is none. */
export function parseLine(line: string): ParsedLine {
  let at = 0;
  /** Up to an unescaped character of `ends`; backslashes before a comma, equals sign or space are taken off. */
  const name = (ends: string): string => {
    let text = "";
    for (; at < line.length && !ends.includes(line[at]!); at++) {
      if (line[at] === "\\" && ",= ".includes(line[at + 1] ?? "")) at++;
      text += line[at];
    }
    return text;
  };
  const expectNext = (character: string) => {
    if (line[at] !== character) throw new Error(`no ${character} at ${at} of ${line}`);
    at++;
  };
  const measurement = name(", ");
  const tags: Record<string, string> = {};
  while (line[at] === ",") {
    at++;
    const key = name("=");
    expectNext("=");
    tags[key] = name(", ");
    if (tags[key] === "") throw new Error(`empty tag ${key} in ${line}`);
  }
  expectNext(" ");
  const fields: Record<string, string | number> = {};
  for (;;) {
    const key = name("=");
    expectNext("=");
    if (line[at] === '"') {
      let text = "";
      for (at++; line[at] !== '"'; at++) {
        if (at >= line.length) throw new Error(`no end of string in ${line}`);
        if (line[at] === "\\" && '\\"'.includes(line[at + 1] ?? "x")) at++;
        text += line[at];
      }
      at++;
      fields[key] = text;
    } else {
      const text = name(", ");
      if (!/^-?(\d+i|\d+(\.\d+)?(e[+-]?\d+)?)$/.test(text)) throw new Error(`no number ${text} in ${line}`);
      fields[key] = Number(text.replace(/i$/, ""));
    }
    if (line[at] !== ",") break;
    at++;
  }
  expectNext(" ");
  const time = line.slice(at);
  if (!/^-?\d+$/.test(time)) throw new Error(`no time in ${line}`);
  return { measurement, tags, fields, time };
}
