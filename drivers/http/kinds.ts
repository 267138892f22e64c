import type { DriverKind } from "../driver.ts";
import { type HttpAddress, type HttpOptions, httpAddressSchema, httpLinkSchema } from "./options.ts";

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
    problems: ({ options, address }) => {
      const { source } = address as HttpAddress;
      const { sources } = options as HttpOptions;
      if (Object.hasOwn(sources, source)) return [];
      return [
        {
          path: ["address", "source"],
          message: `the link has no source "${source}"`,
          hint: `sources of the link: ${Object.keys(sources).join(", ")}`,
        },
      ];
    },
    load: () => import("./driver.ts"),
  },
];
