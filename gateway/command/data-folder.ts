import { ConfigurationError } from "../../model/error.ts";
import { loadSite } from "../config/load.ts";
import { CHECK_SAYS_ALL, NOT_VALID, siteHasErrors } from "../config/texts/structure.ts";

/**
 * Where the journal of a site is. A site file with errors does not keep its past from being read when `--data` says where that is.
 * @throws ConfigurationError CONFIG_INVALID, CONFIG_NOT_FOUND
 */
export function dataFolder(
  site: string,
  options: { readonly data?: string },
): { folder: string; timeZone: string } {
  const { configuration, problems } = loadSite(site, { data: options.data });
  if (configuration !== undefined) {
    return { folder: configuration.dataFolder, timeZone: configuration.site.timeZone };
  }
  if (options.data !== undefined) return { folder: options.data, timeZone: "UTC" };
  const first = problems.find(({ severity }) => severity === "error");
  throw new ConfigurationError("CONFIG_INVALID", siteHasErrors(site, first?.message ?? NOT_VALID), {
    hint: CHECK_SAYS_ALL,
  });
}
