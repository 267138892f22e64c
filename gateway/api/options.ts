import { z } from "zod";
import { isLoopback, listenSchema, parseListen } from "../../model/listen.ts";

export const DEFAULT_HTTP_LISTEN = "127.0.0.1:8080";

/** The section `http:` of a site file: health, metrics and the read-only API. */
export const httpOptionsSchema = z
  .strictObject({
    enabled: z.boolean().default(true).meta({ description: "Whether there is an HTTP interface at all." }),
    listen: listenSchema.default(DEFAULT_HTTP_LISTEN).meta({
      description: "Address and port. Beyond the loopback a token is required.",
      examples: ["0.0.0.0:8080"],
    }),
    token: z
      .string()
      .regex(/^(env|file):.+/, "name a secret: env:NAME or file:PATH")
      .optional()
      .meta({
        description:
          "Secret that callers send as `Authorization: Bearer …`; `/health` and `/ready` need none.",
        examples: ["env:TOCSIN_HTTP_TOKEN"],
      }),
  })
  .superRefine((options, context) => {
    const address = parseListen(options.listen);
    if (address === undefined || isLoopback(address.host) || options.token !== undefined) return;
    context.addIssue({
      code: "custom",
      path: ["listen"],
      message: "listening beyond this machine requires `token`",
    });
  });
export type HttpOptions = z.output<typeof httpOptionsSchema>;
