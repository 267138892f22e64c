import type { Text } from "../../model/text.ts";
import { formatInstant, type Micros } from "../../model/time.ts";
import { clockFacts, same, textFact } from "../facts.ts";
import type { Fact } from "../request.ts";
import { decodeBody } from "./body.ts";
import { UNREADABLE_TIME } from "./digits.ts";
import { elementOf, formatGuide, GUIDE } from "./elements.ts";
import { type Field, fieldNumber } from "./field.ts";
import type { Answer } from "./question.ts";

/** Bits of the status word ZT (table 58) and what they say when they are 1; for the door and the pump it is 0 that is told. */
const STATUS: readonly { readonly bit: number; readonly when: 0 | 1; readonly text: Text }[] = [
  { bit: 0, when: 1, text: { zh: "交流电停电", en: "mains off" } },
  { bit: 1, when: 1, text: { zh: "蓄电池电压低", en: "battery low" } },
  { bit: 2, when: 1, text: { zh: "水位超限", en: "water level alarm" } },
  { bit: 3, when: 1, text: { zh: "流量超限", en: "flow alarm" } },
  { bit: 4, when: 1, text: { zh: "水质超限", en: "water quality alarm" } },
  { bit: 5, when: 1, text: { zh: "流量仪表故障", en: "flow meter fault" } },
  { bit: 6, when: 1, text: { zh: "水位仪表故障", en: "level meter fault" } },
  { bit: 7, when: 0, text: { zh: "箱门开启", en: "door open" } },
  { bit: 8, when: 1, text: { zh: "存储器异常", en: "storage fault" } },
  { bit: 9, when: 1, text: { zh: "IC卡有效", en: "IC card" } },
  { bit: 10, when: 0, text: { zh: "水泵工作", en: "pump working" } },
  { bit: 11, when: 1, text: { zh: "剩余水量超限", en: "remaining quota" } },
];

/** What an answer says. */
export interface ReadAnswer {
  readonly facts: Fact[];
  /** Guides of the elements in it. */
  readonly guides: ReadonlySet<number>;
  /** Their times. */
  readonly times: readonly Micros[];
}

/** Reads an answer, thing by thing. `wall` is our clock. @throws DeviceError DEVICE_UNDECODABLE */
export function readAnswer(answer: Answer, { offset, wall }: { offset: Micros; wall: Micros }): ReadAnswer {
  const sent = answer.sent === UNREADABLE_TIME ? Number.NaN : answer.sent;
  const facts: Fact[] = clockFacts(sent, wall);
  const guides = new Set<number>();
  const times: Micros[] = [];
  decodeBody(answer, offset, {
    head: () => {},
    station: () => {},
    element: (field) => {
      guides.add(field.guide);
      if (field.time !== UNREADABLE_TIME) times.push(field.time);
      facts.push(elementFact(field));
    },
    manual: (text) => facts.push(contentFact("manual", { zh: "人工置数", en: "manual report" }, text)),
    picture: () => {},
    content: (bytes) => facts.push(contentFact("content", { zh: "内容", en: "contents" }, bytes)),
  });
  return { facts, guides, times };
}

function elementFact(field: Field): Fact {
  const { guide, time } = field;
  const element = elementOf(guide);
  const number = fieldNumber(field, element?.hexBytes !== undefined);
  const id = formatGuide(guide);
  const common = {
    ...(time === UNREADABLE_TIME ? {} : { of: formatInstant(time) }),
    id,
    name: element === undefined ? same(id) : { zh: element.zh, en: element.en },
  };
  if (typeof number !== "number") return { ...common, value: null, text: { zh: "缺测", en: "missing" } };
  if (guide === GUIDE.status) return { ...common, value: number, text: statusWords(number) };
  const text = element?.unit === undefined ? `${number}` : `${number} ${element.unit}`;
  return { ...common, value: number, text: same(text) };
}

function statusWords(word: number): Text {
  const said = STATUS.filter(({ bit, when }) => ((word >>> bit) & 1) === when).map(({ text }) => text);
  if (said.length === 0) return { zh: "无异常", en: "nothing unusual" };
  return { zh: said.map(({ zh }) => zh).join("、"), en: said.map(({ en }) => en).join(", ") };
}

/** Text as it is where it can be read, else in hexadecimal. */
function contentFact(id: string, name: Text, bytes: Uint8Array): Fact {
  const text = Buffer.from(bytes).toString("latin1");
  return textFact(id, name, /^[\x20-\x7e]+$/.test(text) ? text.trim() : Buffer.from(bytes).toString("hex"));
}
