import type { Text } from "../../../model/text.ts";

/*
 * What is wrong with a file as YAML. The parser's codes are those of the package `yaml`.
 */

/** What the parser's codes mean. */
export const FAULTS: Readonly<Record<string, Text>> = {
  DUPLICATE_KEY: { en: "this key stands twice in one map", zh: "同一层里这个键出现了两次" },
  MULTIPLE_DOCS: { en: "a second document begins here", zh: "从这里开始了第二个文档" },
  TAB_AS_INDENT: { en: "a tab indents this line", zh: "这一行用制表符缩进" },
};

/** The Chinese of those of the parser's codes that it words itself, each time a little differently. */
const FAULTS_ZH: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "引用上不能再加锚点或标签",
  BAD_ALIAS: "引用的写法有误",
  BAD_DIRECTIVE: "% 指令的写法有误",
  BAD_DQ_ESCAPE: "双引号内的转义写法有误",
  BAD_INDENT: "缩进有误",
  BAD_PROP_ORDER: "锚点或标签的位置有误",
  BAD_SCALAR_START: "文字不能以这个字符开头，请加引号",
  BLOCK_AS_IMPLICIT_KEY: "同一行里有两个冒号，或下一行缩进有误",
  BLOCK_IN_FLOW: "括号 [ ] 或 { } 内不能用缩进写法",
  KEY_OVER_1024_CHARS: "键名太长",
  MISSING_CHAR: "缺少字符",
  MULTILINE_IMPLICIT_KEY: "键名不能跨行，可能缺少冒号",
  MULTIPLE_ANCHORS: "一个值只能有一个锚点",
  MULTIPLE_TAGS: "一个值只能有一个标签",
  NON_STRING_KEY: "键名必须是文字",
  TAG_RESOLVE_FAILED: "标签无法识别",
  UNEXPECTED_TOKEN: "此处出现了意外的内容",
};

/** A fault of the parser in its own words. */
export function notYaml(code: string, words: string): Text {
  return {
    en: `not valid YAML: ${words}`,
    zh: `YAML 语法有误：${FAULTS_ZH[code] ?? words}`,
  };
}

/** What mostly helps. */
export const REMEDIES: Readonly<Record<string, Text>> = {
  DUPLICATE_KEY: {
    en: "the first one would be lost: join them, or rename one",
    zh: "前一个会丢失：请合并，或改掉其中一个的名称",
  },
  MULTIPLE_DOCS: {
    en: "remove the `---`, or use a folder with several files",
    zh: "去掉 ---，或改用含多个文件的目录",
  },
  TAB_AS_INDENT: { en: "indent with spaces", zh: "请用空格缩进" },
  BAD_INDENT: {
    en: "entries of one map begin in the same column",
    zh: "同一层的各项须从同一列开始",
  },
  MISSING_CHAR: {
    en: "a quote, bracket or colon is missing here or shortly before",
    zh: "此处或稍前缺少引号、括号或冒号",
  },
  BAD_ALIAS: { en: "name an anchor (&name) that stands above", zh: "请引用上文已有的锚点（&名称）" },
};

export const OPEN_BRACKET: Text = {
  en: "a bracket [ or { that begins before here is not closed",
  zh: "前面的括号 [ 或 { 没有配对",
};
export const COLUMN_IN_QUOTES: Text = {
  en: `inside { } write "\${column}" with quotes`,
  zh: `写在 { } 里的 "\${列名}" 须加引号`,
};
export const MORE_FAULTS: Text = {
  en: "more that cannot be read from here on; it may follow from the above",
  zh: "从此处起还有无法解析的内容，可能由上面的错误引起",
};
export const KEY_NOT_A_WORD: Text = { en: "a key must be a word", zh: "键名必须是一个词" };
export const ANCHOR_IN_ITSELF: Text = { en: "this anchor contains itself", zh: "这个锚点包含了自己" };
export const ALIAS_IN_ITSELF: Text = {
  en: "this alias stands inside its own anchor",
  zh: "这个引用位于它自己的锚点之内",
};
export const MERGES_MAPS_ONLY: Text = { en: "<< merges maps only", zh: "<< 只能合并键值表" };
export const WRITE_MERGE: Text = { en: "write <<: *anchor", zh: "请写成 <<: *锚点" };

export function noAnchor(name: string): Text {
  return { en: `no anchor above is called ${name}`, zh: `上文没有名为 ${name} 的锚点` };
}

export function tooManyAliased(most: number): Text {
  return { en: `aliases bring more than ${most} values`, zh: `引用展开后超过 ${most} 个值` };
}

export function tooDeep(most: number): Text {
  return { en: `nested deeper than ${most} levels`, zh: `嵌套超过 ${most} 层` };
}
