import type { LocatedProblem } from "../../drivers/profile-store.ts";
import type { Text } from "../../model/text.ts";
import { inBoth } from "../messages/chinese.ts";
import type { Problem } from "./problem.ts";
import { within } from "./texts/hints.ts";

/** Where in the profile something is, in front of what a schema says of it: `modbus.channels.lel: …`. */
const PLACE = /^([\w.-]+): (.*)$/s;

function said(message: string): Text {
  const [, path, words] = PLACE.exec(message) ?? [];
  return path === undefined || words === undefined
    ? inBoth(message)
    : within({ en: path, zh: path }, inBoth(words));
}

/** What is wrong with a profile, beside what is wrong with a site. */
export function profileProblem(found: LocatedProblem, severity: Problem["severity"]): Problem {
  const { message, hint, ...place } = found;
  return {
    ...place,
    severity,
    code: "PROFILE_INVALID",
    message: said(message),
    ...(hint === undefined ? {} : { hint: inBoth(hint) }),
  };
}
