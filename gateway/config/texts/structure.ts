import type { Text } from "../../../model/text.ts";

/*
 * Files, YAML, keys and kinds: what is wrong before anything is known of what it means.
 */

/** A section or an option that must be there. */
export function missing(name: Text): Text {
  return { en: `${name.en} is missing`, zh: `缺少${name.zh}` };
}

/** The name of an option in a message; undefined: of the whole file. */
export function named(key: PropertyKey | undefined): Text {
  return key === undefined
    ? { en: "the file", zh: "文件内容" }
    : { en: `"${String(key)}"`, zh: `“${String(key)}”` };
}

export const THIS: Text = { en: "this", zh: "此处" };

export function unknownKey(key: string): Text {
  return { en: `unknown key "${key}"`, zh: `没有“${key}”这个选项` };
}

export const COMMA_IN_BRACES: Text = {
  en: "inside { } a text with a comma needs quotes",
  zh: "写在 { } 里的文字含逗号时须加引号",
};

export function cannotBe(name: Text, shown: Text): Text {
  return { en: `${name.en} cannot be ${shown.en}`, zh: `${name.zh}不能是${shown.zh}` };
}

export function mustBe(name: Text, wanted: Text, shown: Text): Text {
  return {
    en: `${name.en} must be ${wanted.en}, not ${shown.en}`,
    zh: `${name.zh}应为${wanted.zh}，而不是${shown.zh}`,
  };
}

/** Alternatives that are wanted. */
export function either(wanted: readonly Text[]): Text {
  return { en: wanted.map(({ en }) => en).join(" or "), zh: wanted.map(({ zh }) => zh).join("或") };
}

export function multipleOf(name: Text, divisor: number | bigint): Text {
  return { en: `${name.en} must be a multiple of ${divisor}`, zh: `${name.zh}应为 ${divisor} 的整数倍` };
}

/** What a bound is: the smallest or the greatest, itself allowed or not, of a number, of letters or of entries. */
export interface Bound {
  readonly limit: number | bigint;
  readonly low: boolean;
  readonly inclusive: boolean;
  readonly of: "number" | "text" | "list";
}

export function outOfBounds(name: Text, bound: Bound): Text {
  const { limit, low, inclusive, of } = bound;
  const en = low ? (inclusive ? "at least" : "more than") : inclusive ? "at most" : "less than";
  switch (of) {
    case "text":
      if (limit === 1 || limit === 1n)
        return { en: `${name.en} must not be empty`, zh: `${name.zh}不能为空` };
      return {
        en: `${name.en} must have ${en} ${limit} characters`,
        zh: `${name.zh}${edge(bound, "须")} ${limit} 个字符`,
      };
    case "list":
      return {
        en: `${name.en} must have ${en} ${limit} entries`,
        zh: `${name.zh}${edge(bound, "须")} ${limit} 项`,
      };
    default:
      return {
        en: `${name.en} must be ${en} ${limit}`,
        zh: `${name.zh}${low ? (inclusive ? "不能小于" : "必须大于") : inclusive ? "不能大于" : "必须小于"} ${limit}`,
      };
  }
}

function edge({ low, inclusive }: Bound, must: string): string {
  if (low) return inclusive ? `至少${must}有` : `${must}多于`;
  return inclusive ? "最多有" : `${must}少于`;
}

export const NOT_VALID: Text = { en: "not valid", zh: "写法无效" };
export const EMPTY_VALUE: Text = { en: "empty", zh: "空值" };
export const A_LIST: Text = { en: "a list", zh: "列表" };
export const A_MAP: Text = { en: "a map", zh: "键值表" };

/** A schema's names for kinds of value. */
export const KINDS: Readonly<Record<string, Text>> = {
  string: { en: "text", zh: "文字" },
  number: { en: "a number", zh: "数字" },
  int: { en: "a whole number", zh: "整数" },
  boolean: { en: "true or false", zh: " true 或 false" },
  object: A_MAP,
  record: A_MAP,
  array: A_LIST,
};

export function entriesWanted(section: string): Text {
  return {
    en: `"${section}" must be a map of entries by id`,
    zh: `“${section}”段应逐项以 id 为键`,
  };
}

export function notAnId(id: string): Text {
  return { en: `"${id}" cannot be an id`, zh: `“${id}”不能用作 id` };
}

export const ID_RULE: Text = {
  en: "an id has 1 to 64 of a-z, 0-9, _ and -; names for people go under `name`",
  zh: "id 由 1 至 64 个小写字母 a-z、数字、_ 和 - 组成；中文名称写在 name 里",
};

export function definedTwice(id: string): Text {
  return { en: `"${id}" is defined twice`, zh: `“${id}”重复定义` };
}

export function sectionTwice(section: string): Text {
  return { en: `section "${section}" stands twice`, zh: `“${section}”段出现了两次` };
}

export const KEY_NOT_ALLOWED: Text = { en: "this key is not allowed", zh: "不允许使用这个键名" };

export const FILE_EMPTY: Text = { en: "the file is empty", zh: "文件是空的" };
export const FILE_EMPTY_OR_NO_MAP: Text = {
  en: "the file is empty, or no map",
  zh: "文件是空的，或内容不是键值表",
};
export const NO_SECTIONS: Text = {
  en: "a site file is a map of sections",
  zh: "站点文件应由各段组成（site、links、points ……）",
};
export const HOW_TO_BEGIN: Text = {
  en: "begin with: site: { id: my-site, name: … }",
  zh: "开头写：site: { id: my-site, name: … }",
};

/** What cannot be done with a file; `path`: as somebody else names it. */
export function ofFile(path: string, what: Text): Text {
  return { en: `${path}: ${what.en}`, zh: `${path}：${what.zh}` };
}

export const NO_FILE: Text = { en: "no such file", zh: "文件不存在" };
export const NO_FOLDER: Text = { en: "no such folder", zh: "目录不存在" };
export const NO_FILE_OR_FOLDER: Text = { en: "no such file or folder", zh: "文件或目录不存在" };
export const NO_SCENARIO: Text = { en: "no such scenario", zh: "情景文件不存在" };
export const WHICH_FILE: Text = { en: "is this the right file?", zh: "是否选错了文件？" };
export const NAME_A_SITE: Text = {
  en: "name a site file, or the folder it is in",
  zh: "请给出站点文件，或它所在的目录",
};
export const PROFILE_FOLDER: Text = {
  en: "name a folder with profile files, relative to this file",
  zh: "请写型号文件所在目录，相对于本文件",
};
export const NO_YAML: Text = { en: "no YAML file in this folder", zh: "目录中没有 YAML 文件" };
export const SITE_FOLDER: Text = {
  en: "a site folder holds site.yaml, or several *.yaml that are joined",
  zh: "站点目录里放 site.yaml，或多个 *.yaml（合并读取）",
};

export function tooManyFiles(most: number): Text {
  return { en: `more than ${most} YAML files in this folder`, zh: `目录中的 YAML 文件超过 ${most} 个` };
}

export function unreadable(why: string): Text {
  return { en: `cannot be read: ${why}`, zh: `无法读取：${why}` };
}

export function tooLarge(mebibytes: number): Text {
  return { en: `larger than ${mebibytes} MiB`, zh: `文件超过 ${mebibytes} MiB` };
}

export const NOT_UTF8: Text = { en: "not UTF-8 text from here on", zh: "从此处起不是 UTF-8 文字" };
export const SAVE_AS_UTF8: Text = {
  en: "save it as UTF-8 (in Excel: “CSV UTF-8”); Chinese Windows programs often write GBK",
  zh: "请另存为 UTF-8（Excel 选“CSV UTF-8”）；中文 Windows 程序常存成 GBK",
};
export const IS_UTF16: Text = {
  en: "the file is UTF-16; save it as UTF-8",
  zh: "文件是 UTF-16 编码，请另存为 UTF-8",
};

export function moreErrors(beyond: number): Text {
  return { en: `${beyond} more errors are not shown`, zh: `另有 ${beyond} 处错误未列出` };
}

export function moreWarnings(beyond: number): Text {
  return { en: `${beyond} more warnings are not shown`, zh: `另有 ${beyond} 处警告未列出` };
}

/** The same mistake in many rows of a table is told once. */
export function andMore(message: Text, more: number): Text {
  return { en: `${message.en}, and ${more} more like this`, zh: `${message.zh}，另有 ${more} 处相同` };
}

/** For those who wanted something else of a site file with errors; the first of them is said. */
export function siteHasErrors(site: string, first: Text): Text {
  return { en: `${site} has errors: ${first.en}`, zh: `${site} 有误：${first.zh}` };
}

export const CHECK_SAYS_ALL: Text = {
  en: "`tocsin check` says all of them; with --data the past is read all the same",
  zh: "tocsin check 会列出全部错误；用 --data 指明数据目录仍可读取历史",
};
