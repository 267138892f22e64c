import type { LocatedProblem } from "../../drivers/profile-store.ts";
import { inBoth } from "../messages/chinese.ts";
import type { Problem } from "./problem.ts";

/** What is wrong with a profile, beside what is wrong with a site. */
export function profileProblem(found: LocatedProblem, severity: Problem["severity"]): Problem {
  const { message, hint, ...place } = found;
  return {
    ...place,
    severity,
    code: "PROFILE_INVALID",
    message: inBoth(message),
    ...(hint === undefined ? {} : { hint: inBoth(hint) }),
  };
}
