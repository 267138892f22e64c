/** Set to "1" where everything must be there (continuous integration): what is missing then fails instead of being left out. */
export const requireVariable = "TOCSIN_REQUIRE_SERVERS";

/** Whether the absence of a server or a data set is a failure on this machine. */
export function everythingRequired(): boolean {
  return process.env[requireVariable] === "1";
}
