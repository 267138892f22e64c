import type { DeviceProblem, DriverKind } from "../driver.ts";
import {
  type HttpAddress,
  type HttpOptions,
  type HttpSection,
  httpAddressSchema,
  httpLinkSchema,
} from "./options.ts";

/** The link that vendors' clouds push to. */
export const httpKinds: readonly DriverKind[] = [
  {
    type: "http-intake",
    summary: "HTTP intake: platforms and devices that push JSON, with a token or a signature",
    link: httpLinkSchema,
    address: httpAddressSchema,
    section: "payload",
    addressName: (address) => {
      const { source, id } = address as HttpAddress;
      return `source ${source}, device ${id}`;
    },
    problems: ({ options, address, section }) => {
      const { source } = address as HttpAddress;
      const { sources } = options as HttpOptions;
      const problems: DeviceProblem[] = [];
      if (!Object.hasOwn(sources, source)) {
        problems.push({
          path: ["address", "source"],
          message: `the link has no source "${source}"`,
          hint: `sources of the link: ${Object.keys(sources).join(", ")}`,
        });
      }
      if ((section as HttpSection).messages.some(({ each }) => each?.device !== undefined)) {
        problems.push({
          path: ["profile"],
          message:
            "entries of several devices in one request are told apart by the source, not by the profile",
          hint: "give the source `envelope: { messages, device }`, and the profile no `each.device`",
        });
      }
      return problems;
    },
    load: () => import("./driver.ts"),
  },
];
