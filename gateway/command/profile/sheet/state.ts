import type { SheetHints } from "./cells.ts";
import type { SheetEncoding } from "./encoding.ts";
import { type Guess, plainOf, stateOf } from "./quantity.ts";
import { type SheetStates, sortStates } from "./remark.ts";
import { folded } from "./text.ts";
import { Unread } from "./unread.ts";

/** Names of what is well: 主电正常, power OK, a contact that is closed. What its 1 means, and its 0, is the question. */
const WELL = /正常|常闭|normally closed|\b(nc|ok|normal|healthy)\b/;

/** What a bit or a number without a unit says, with the names of its states. */
export function stateIn({
  called,
  isBit,
  states,
  hints,
  encoding,
}: {
  called: string;
  isBit: boolean;
  states: ReadonlyMap<number, string> | undefined;
  hints: SheetHints;
  encoding: SheetEncoding;
}):
  | {
      guess: Guess;
      named?: ReadonlyMap<number, string>;
      sorted?: SheetStates;
      /** Which number is the state that the name speaks of, is not said. */
      unlisted?: boolean;
    }
  | Unread {
  const state = stateOf(called, hints.deviceClass);
  if (isBit && state === undefined)
    return new Unread(
      "unclear",
      "the name does not say what the bit means",
      "name it alarm, fault, smoke, fire …, say --class, or write the channel by hand",
    );
  if (state !== undefined && (isBit || states !== undefined)) {
    if (states === undefined) {
      if (!WELL.test(folded(called))) return { guess: state, unlisted: true };
      return new Unread(
        "unclear",
        "which of its numbers is normal is not said, and its name may mean either",
        "list them in the remark: 0:normal 1:alarm",
      );
    }
    const sorted = sortStates(states, state.quantity);
    if (sorted !== undefined) return { guess: state, sorted };
    return new Unread(
      "unclear",
      `which of its states are normal, and which not, is not clear: ${[...states].map(([code, name]) => `${code} ${name}`).join(", ")}`,
      "write the channel with `states` by hand",
    );
  }
  const plain = plainOf(called);
  if (states !== undefined && !encoding.type.startsWith("f")) {
    return {
      guess: plain?.quantity === "mode" ? plain : { quantity: "code", certain: plain !== undefined },
      named: states,
    };
  }
  if (plain !== undefined && plain.quantity !== "mode") return { guess: plain };
  return new Unread(
    "unclear",
    "it has no unit, and no states that are listed",
    "say the unit; or what each number means, in the remark: 0:normal 1:alarm",
  );
}
