/** Ids stand in topics, keys and file names, for ever. Names are for people; ids are for machines. */
export const ID_PATTERN = /^[a-z0-9_-]{1,64}$/;

/** Whether `text` may be an id: lower-case letters, digits, `_`, `-`, at most 64. */
export function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}
