import type { Text } from "../../../model/text.ts";

/*
 * Tables of instances and of components, and the templates that they fill.
 */

export const TABLE_EMPTY: Text = { en: "the table is empty", zh: "表格是空的" };
export const FIRST_LINE: Text = {
  en: "the first line names the columns, for example: id,name,room",
  zh: "第一行写列名，例如：id,name,room",
};

export function cellsOfRow(cells: number, columns: number): Text {
  return {
    en: `${cells} cells, but the heading has ${columns}`,
    zh: `这一行有 ${cells} 格，表头有 ${columns} 列`,
  };
}

export const COMMA_IN_CELL: Text = {
  en: 'a cell with a comma needs quotes: "石羊沟, 3 号"',
  zh: '单元格内含逗号时须加引号："石羊沟, 3 号"',
};

export function tooManyRows(most: number): Text {
  return { en: `more than ${most} rows`, zh: `超过 ${most} 行` };
}

export function tooManyColumns(most: number): Text {
  return { en: `more than ${most} columns`, zh: `超过 ${most} 列` };
}

export function columnWithoutName(number: number): Text {
  return { en: `column ${number} has no name`, zh: `第 ${number} 列没有列名` };
}

export function notAColumnName(name: string): Text {
  return { en: `"${name}" cannot name a column`, zh: `“${name}”不能用作列名` };
}

export function columnTwice(name: string): Text {
  return { en: `two columns are called "${name}"`, zh: `有两列都叫“${name}”` };
}

export const QUOTE_OPEN: Text = { en: "the quote is never closed", zh: "引号没有配对" };
export const TEXT_AFTER_QUOTE: Text = { en: "text after the closing quote", zh: "后引号之后还有文字" };
export const STRAY_QUOTE: Text = {
  en: "a quote in a cell that does not begin with one",
  zh: "单元格不以引号开头，中间却有引号",
};
export const QUOTE_TWICE: Text = {
  en: 'a quote inside quotes is written twice: ""',
  zh: '引号内的引号要写两个：""',
};

export function cellTooLong(most: number): Text {
  return { en: `a cell of more than ${most} characters`, zh: `单元格超过 ${most} 个字符` };
}

export function noColumn(name: string): Text {
  return { en: `no column is called "${name}"`, zh: `表中没有“${name}”列` };
}

export const ROW_WITHOUT_ID: Text = { en: "the row has no id", zh: "这一行没有 id" };

export function idTwice(id: string): Text {
  return { en: `two rows have the id "${id}"`, zh: `有两行的 id 都是“${id}”` };
}

export function noRow(id: string): Text {
  return { en: `no row has the id "${id}"`, zh: `表中没有 id 为“${id}”的行` };
}

export function noColumnForTemplate(from: { template: string; table: string; column: string }): Text {
  return {
    en: `template "${from.template}": ${from.table} has no column "${from.column}"`,
    zh: `模板“${from.template}”：${from.table} 中没有“${from.column}”列`,
  };
}

/** Which row of which table brings something to the site. */
export function rowOf(template: string, id: string): Text {
  return { en: `template "${template}", row "${id}"`, zh: `模板“${template}”，行“${id}”` };
}

export function nothingToOverride(origin: Text, id: string, section: string): Text {
  return {
    en: `${origin.en} brings no "${id}" under ${section}`,
    zh: `${origin.zh}在 ${section} 下没有“${id}”`,
  };
}
