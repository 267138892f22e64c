import { ConfigurationError } from "../../../../model/error.ts";
import { didYouMean } from "../../../config/suggestion.ts";
import { LISTED } from "../../../config/texts/hints.ts";
import { folded, squeezed } from "./text.ts";

/** What a column of a register sheet can be. */
export const COLUMN_KINDS = [
  "address",
  "name",
  "type",
  "length",
  "unit",
  "scale",
  "offset",
  "decimals",
  "function",
  "table",
  "access",
  "range",
  "order",
  "bit",
  "remark",
] as const;
export type ColumnKind = (typeof COLUMN_KINDS)[number];

/** Headings as sheets have them, in English and Chinese. */
const SYNONYMS: Readonly<Record<ColumnKind, readonly string[]>> = {
  address: [
    "address",
    "addr",
    "register",
    "register address",
    "register number",
    "register no",
    "reg",
    "reg no",
    "reg addr",
    "modbus address",
    "modbus register",
    "plc address",
    "protocol address",
    "start address",
    "starting address",
    "data address",
    "地址",
    "寄存器",
    "寄存器地址",
    "寄存器编号",
    "寄存器号",
    "起始地址",
    "首地址",
    "通讯地址",
    "通信地址",
    "参数地址",
    "数据地址",
    "协议地址",
  ],
  name: [
    "name",
    "parameter",
    "parameter name",
    "register name",
    "variable",
    "signal",
    "item",
    "data",
    "tag",
    "measurement",
    "名称",
    "参数",
    "参数名称",
    "参数名",
    "寄存器名称",
    "变量",
    "变量名",
    "数据名称",
    "数据项",
    "项目",
    "内容",
    "寄存器内容",
    "点名",
    "信号名称",
  ],
  type: [
    "type",
    "data type",
    "datatype",
    "format",
    "data format",
    "encoding",
    "类型",
    "数据类型",
    "数据格式",
    "格式",
    "变量类型",
  ],
  length: [
    "length",
    "size",
    "count",
    "quantity",
    "registers",
    "words",
    "number of registers",
    "register count",
    "no of registers",
    "长度",
    "数据长度",
    "寄存器个数",
    "寄存器数",
    "寄存器数量",
    "字节数",
    "字数",
    "数量",
    "个数",
  ],
  unit: ["unit", "units", "eng unit", "engineering unit", "单位", "工程单位"],
  scale: [
    "scale",
    "scaling",
    "factor",
    "scale factor",
    "multiplier",
    "coefficient",
    "gain",
    "resolution",
    "倍率",
    "系数",
    "比例",
    "比例系数",
    "缩放",
    "换算系数",
    "分辨率",
    "精度",
  ],
  offset: ["offset", "zero offset", "偏移", "偏移量", "零点偏移"],
  decimals: ["decimals", "decimal places", "decimal", "dp", "小数位", "小数位数", "小数点"],
  function: [
    "function code",
    "function",
    "fc",
    "func",
    "func code",
    "modbus function",
    "功能码",
    "读功能码",
    "命令码",
  ],
  table: [
    "table",
    "register type",
    "area",
    "object type",
    "data table",
    "区域",
    "寄存器类型",
    "存储区",
    "数据区",
  ],
  access: [
    "access",
    "r/w",
    "rw",
    "read/write",
    "mode",
    "permission",
    "读写",
    "读/写",
    "读写属性",
    "权限",
    "访问",
    "属性",
  ],
  range: [
    "range",
    "measuring range",
    "value range",
    "min max",
    "limits",
    "valid range",
    "量程",
    "范围",
    "取值范围",
    "测量范围",
    "数值范围",
    "数据范围",
  ],
  order: [
    "word order",
    "byte order",
    "endian",
    "endianness",
    "swap",
    "order",
    "字节序",
    "字序",
    "字节顺序",
    "大小端",
    "高低位",
  ],
  bit: ["bit", "bit no", "bit number", "bit position", "位", "位号", "bit位"],
  remark: [
    "comment",
    "comments",
    "remark",
    "remarks",
    "note",
    "notes",
    "description",
    "meaning",
    "explanation",
    "values",
    "说明",
    "备注",
    "描述",
    "注释",
    "含义",
    "定义",
    "数据说明",
  ],
};

/** Headings of columns that only number the rows. */
const COUNTERS: ReadonlySet<string> = new Set(
  ["no", "#", "nr", "index", "id", "序号", "编号", "item no"].map(squeezed),
);

const EXACT: ReadonlyMap<string, ColumnKind> = new Map(
  COLUMN_KINDS.flatMap((kind) => SYNONYMS[kind].map((word): [string, ColumnKind] => [squeezed(word), kind])),
);

/** Where the columns of a kind stand. Names and remarks may stand in several, addresses too: the same in another numbering. */
export interface SheetColumns {
  readonly headings: readonly string[];
  readonly of: ReadonlyMap<ColumnKind, readonly number[]>;
  /** Headings that were not recognised, and counters of rows are none of them. */
  readonly unknown: readonly string[];
}

/** Kinds of which a second column says something too. */
const SEVERAL: ReadonlySet<ColumnKind> = new Set(["address", "name", "remark"]);

/** What one heading is: what stands in brackets behind it is a remark on it. Undefined: not recognised. */
function kindOf(heading: string): ColumnKind | undefined {
  const bare = folded(heading).replaceAll(/[([（【].*$/g, "");
  const whole = EXACT.get(squeezed(heading)) ?? EXACT.get(squeezed(bare));
  if (whole !== undefined) return whole;
  // "地址 Address", "Name 名称": each language by itself.
  const parts = [bare.replaceAll(/\p{Script=Han}+/gu, " "), bare.replaceAll(/[^\p{Script=Han}]+/gu, "")];
  const kinds = new Set(parts.map((part) => EXACT.get(squeezed(part))).filter((kind) => kind !== undefined));
  return kinds.size === 1 ? [...kinds][0] : undefined;
}

/**
 * Finds what the columns are. `mapped` are columns that a person has named: heading → kind.
 * @throws ConfigurationError CONFIG_INVALID for a heading in `mapped` that is not there
 */
export function columnsOf(
  headings: readonly string[],
  mapped: ReadonlyMap<string, ColumnKind> = new Map(),
): SheetColumns {
  const of = new Map<ColumnKind, number[]>();
  const unknown: string[] = [];
  for (const name of mapped.keys()) {
    if (headings.some((heading) => squeezed(heading) === squeezed(name))) continue;
    const hint = didYouMean(name, headings, LISTED.ownColumns)?.en;
    throw new ConfigurationError("CONFIG_INVALID", `--map ${name}: the sheet has no such column`, {
      ...(hint === undefined ? {} : { hint }),
    });
  }
  const named = new Map([...mapped].map(([name, kind]) => [squeezed(name), kind]));
  headings.forEach((heading, index) => {
    const kind = named.get(squeezed(heading)) ?? kindOf(heading);
    const taken = kind === undefined ? undefined : of.get(kind);
    if (kind === undefined || (taken !== undefined && !SEVERAL.has(kind))) {
      if (heading.trim() !== "" && !COUNTERS.has(squeezed(heading))) unknown.push(heading.trim());
    } else if (taken === undefined) of.set(kind, [index]);
    else taken.push(index);
  });
  return { headings, of, unknown };
}

/** Parses `heading=kind`. @throws ConfigurationError COMMAND_USAGE */
export function parseMap(words: readonly string[]): Map<string, ColumnKind> {
  return new Map(
    words.map((word): [string, ColumnKind] => {
      const at = word.lastIndexOf("=");
      const kind = COLUMN_KINDS.find((known) => known === word.slice(at + 1).trim());
      if (at > 0 && kind !== undefined) return [word.slice(0, at).trim(), kind];
      throw new ConfigurationError("COMMAND_USAGE", `--map ${word}: say heading=kind`, {
        hint: `kinds: ${COLUMN_KINDS.join(", ")}`,
      });
    }),
  );
}
