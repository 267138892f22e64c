/** What reading a row gives up with. */
export class Unread {
  readonly kind: "aside" | "unclear";
  readonly why: string;
  readonly todo: string;

  constructor(kind: "aside" | "unclear", why: string, todo: string) {
    this.kind = kind;
    this.why = why;
    this.todo = todo;
  }
}
