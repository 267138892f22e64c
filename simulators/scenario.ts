import { z } from "zod";
import { sourceSchema } from "../drivers/http/options.ts";
import { SERVERS } from "../drivers/lorawan/options.ts";
import { modemSchema } from "../drivers/modbus/dial-in-options.ts";
import { durationSchema, idSchema, textSchema } from "../model/schema.ts";
import { faultSchema } from "./fault.ts";
import { recordedSchema, signalSchema, valueOrStateSchema } from "./signal-schema.ts";

/*
 * A scenario: which instruments there are, what they measure, and what happens to them. Time in a scenario runs from its
 * start; with `repeat` the story begins again after that long. All values change only on ticks, and all chance comes from
 * the seed, so the same scenario gives the same bytes in every run.
 */

/** Key of what an entry of the story is about, as in the site: `gd-01.lel`, `fp-1:l1d12.fire`, `gd-01`, `link@bus-1`. */
const keySchema = z
  .string()
  .regex(
    /^(link@[a-z0-9_-]+|[a-z0-9_-]+(:[a-z0-9_-]+)?(\.[a-z0-9_-]+)*)$/,
    "write gd-01, gd-01.lel or link@bus-1",
  );

const listenSchema = z
  .string()
  .regex(
    /^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/,
    "write host:port, for example 127.0.0.1:1502; port 0 takes any free one",
  )
  .meta({ description: "Where to listen.", examples: ["127.0.0.1:1502"] });

const unknownUnitSchema = z.enum(["silent", "exception"]).optional().meta({
  description:
    "What a request to a unit that is not there gets. Default: exception 11 on TCP, as a gateway would say; silence on a serial bus.",
});

const serialSchema = {
  baudRate: z.number().int().min(300).max(1_000_000).default(9_600).meta({ description: "Bits a second." }),
  parity: z.enum(["none", "even", "odd"]).default("none").meta({ description: "Parity of the serial line." }),
  stopBits: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .meta({ description: "Stop bits." }),
};

const brokerSchema = {
  url: z
    .string()
    .regex(/^(mqtts?|wss?):\/\//, "write mqtt://host:port")
    .meta({ description: "Broker to publish to.", examples: ["mqtt://127.0.0.1:1883"] }),
  username: z.string().optional().meta({ description: "User of all devices of this link." }),
  password: z
    .string()
    .regex(/^(env|file):.+/, "a password stands in the environment or a file: env:NAME or file:PATH")
    .optional()
    .meta({ description: "Password, as `env:NAME` or `file:PATH`.", examples: ["env:DEVICE_PASSWORD"] }),
};

/** How the simulated instruments of one link are reached. */
export const scenarioLinkSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("modbus-tcp"),
    listen: listenSchema,
    unknownUnit: unknownUnitSchema,
  }),
  z.strictObject({
    type: z.literal("modbus-rtu-over-tcp"),
    listen: listenSchema,
    unknownUnit: unknownUnitSchema,
  }),
  z.strictObject({
    type: z.literal("modbus-ascii-over-tcp"),
    listen: listenSchema,
    unknownUnit: unknownUnitSchema,
  }),
  z.strictObject({
    type: z.literal("modbus-dial-in"),
    server: listenSchema.meta({
      description: "Where the gateway waits for modems.",
      examples: ["127.0.0.1:5020"],
    }),
    framing: z.enum(["rtu", "ascii", "mbap"]).default("rtu").meta({ description: "As in the site file." }),
    modems: z
      .record(idSchema, modemSchema)
      .meta({ description: "As in the site file: who dials, and how each registers." }),
    heartbeat: z
      .strictObject({ text: z.string().optional(), hex: z.string().optional() })
      .optional()
      .meta({ description: "What modems send once a minute." }),
  }),
  z.strictObject({
    type: z.enum(["modbus-rtu", "modbus-ascii"]),
    path: z
      .string()
      .min(1)
      .meta({ description: "Serial port at which the instruments answer.", examples: ["/dev/ttyUSB1"] }),
    pair: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          "Make a pair of pseudo-terminals instead of using a real port: `path` is the instruments' end, this the other one, for the gateway. Needs socat.",
        examples: ["./gateway-tty"],
      }),
    ...serialSchema,
    unknownUnit: unknownUnitSchema,
  }),
  z.strictObject({
    type: z.literal("gb26875"),
    centre: listenSchema.meta({
      description: "The monitoring centre that fire transmission devices connect to.",
      examples: ["127.0.0.1:26875"],
    }),
    transport: z.enum(["tcp", "udp"]).default("tcp").meta({ description: "How they send." }),
  }),
  z.strictObject({
    type: z.enum(["mqtt", "sparkplug"]),
    ...brokerSchema,
  }),
  z.strictObject({
    type: z.literal("http-push"),
    server: listenSchema.meta({
      description: "Where the gateway's HTTP intake listens.",
      examples: ["127.0.0.1:8480"],
    }),
    sources: z.record(idSchema, sourceSchema).meta({
      description: "As in the site file: where each source posts, with what secret and in what envelope.",
    }),
  }),
  z.strictObject({
    type: z.literal("lorawan"),
    url: z
      .string()
      .regex(/^mqtts?:\/\//, "write mqtt://host:port")
      .meta({
        description: "Broker that the network server publishes to.",
        examples: ["mqtt://127.0.0.1:1883"],
      }),
    server: z
      .enum(SERVERS)
      .default("chirpstack")
      .meta({ description: "Whose messages: as in the site file." }),
    username: z.string().optional().meta({ description: "The network server's user." }),
    password: z
      .string()
      .regex(/^(env|file):.+/, "a password stands in the environment or a file: env:NAME or file:PATH")
      .optional()
      .meta({ description: "Its password, as `env:NAME` or `file:PATH`.", examples: ["env:LORA_PASSWORD"] }),
  }),
  z.strictObject({
    type: z.literal("hj212"),
    server: listenSchema.meta({
      description: "Where the centre listens that the data loggers dial.",
      examples: ["127.0.0.1:9212"],
    }),
    password: z
      .string()
      .regex(/^(env|file):.+/, "a password stands in the environment or a file: env:NAME or file:PATH")
      .optional()
      .meta({
        description: "Password (PW) of all loggers of this link. Default: 123456.",
        examples: ["env:LOGGER_PASSWORD"],
      }),
  }),
  z.strictObject({
    type: z.literal("szy206"),
    server: listenSchema.meta({
      description: "Where the centre listens that the terminals dial.",
      examples: ["127.0.0.1:9206"],
    }),
  }),
  z.strictObject({
    type: z.literal("sl651"),
    server: listenSchema.meta({
      description: "Where the centre listens that the stations dial.",
      examples: ["127.0.0.1:9651"],
    }),
    password: z
      .string()
      .regex(/^(env|file):.+/, "a password stands in the environment or a file: env:NAME or file:PATH")
      .optional()
      .meta({
        description: "Password of all stations of this link, four hex digits. Default: 0000.",
        examples: ["env:STATION_PASSWORD"],
      }),
  }),
]);
export type ScenarioLink = z.output<typeof scenarioLinkSchema>;

const scenarioDeviceSchema = z.strictObject({
  profile: idSchema
    .optional()
    .meta({ description: "Its profile. Left out: the device stands in the site file." }),
  name: textSchema
    .optional()
    .meta({ description: "Name for people. Default: the site's, else the profile's." }),
  link: idSchema.optional().meta({ description: "Id of its link. Left out: the site's." }),
  address: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ description: "Its address on the link, as in a site file: `{ unit: 7 }`, `{ id: sa-301 }`." }),
  components: z
    .record(idSchema, z.strictObject({ address: z.record(z.string(), z.unknown()).optional() }))
    .optional()
    .meta({ description: "Components of a panel, as in a site file." }),
  channels: z.record(z.string(), signalSchema).default({}).meta({
    description:
      "What each channel measures when nothing happens, by its id within the device. Default: a calm value.",
  }),
  every: durationSchema({ min: "50ms", max: "1d" }).optional().meta({
    description:
      "How often an MQTT device publishes, a platform pushes for a device, a LoRaWAN device sends, or a station or data logger reports. Default: the shortest period of its profile, else 10s; for a station 5m, for a data logger 1m.",
  }),
});
export type ScenarioDevice = z.output<typeof scenarioDeviceSchema>;

const changeSchema = z.union([
  valueOrStateSchema,
  z.strictObject({
    ramp: z.number().meta({ description: "Goes there in a straight line during `for`, and stays." }),
    from: z
      .number()
      .optional()
      .meta({ description: "Where the line begins. Default: the value at that moment." }),
  }),
  z.strictObject({ recorded: recordedSchema }),
  z.strictObject({
    release: z.literal(true).meta({ description: "Back to what the channel measures when nothing happens." }),
  }),
]);
export type Change = z.output<typeof changeSchema>;

const entrySchema = z
  .strictObject({
    at: durationSchema().meta({ description: "When, from the beginning of the story." }),
    for: durationSchema({ min: "1ms" })
      .optional()
      .meta({ description: "How long: of ramps and faults. Faults without it last until the story ends." }),
    say: textSchema.optional().meta({ description: "What happens, for the person who watches." }),
    set: z.record(keySchema, changeSchema).optional().meta({
      description:
        "Values of channels from here on, until the next entry that names them: a number, a state by name, or a ramp.",
    }),
    faults: z.array(faultSchema).optional().meta({ description: "What goes wrong meanwhile." }),
  })
  .refine((entry) => entry.say !== undefined || entry.set !== undefined || entry.faults !== undefined, {
    message: "an entry needs say, set or faults",
  })
  .refine(
    (entry) =>
      entry.for !== undefined ||
      !Object.values(entry.set ?? {}).some((change) => typeof change === "object" && "ramp" in change),
    { message: "a ramp needs `for`: how long it takes", path: ["for"] },
  );
export type StoryEntry = z.output<typeof entrySchema>;

export const scenarioSchema = z.strictObject({
  name: textSchema.optional().meta({ description: "Title." }),
  site: z
    .string()
    .optional()
    .meta({
      description: "Site file whose instruments are played, relative to this file.",
      examples: ["./site.yaml"],
    }),
  profiles: z
    .array(z.string().min(1))
    .optional()
    .meta({
      description:
        "Folders with profiles of your own, relative to this file; a site brings those that it names itself.",
      examples: [["./profiles"]],
    }),
  only: z
    .array(idSchema)
    .optional()
    .meta({ description: "Play only these devices of the site. Default: all." }),
  except: z
    .array(idSchema)
    .optional()
    .meta({ description: "Do not play these devices of the site: they are real, or nobody is there." }),
  seed: z.number().int().min(0).max(0xffff_ffff).default(1).meta({ description: "Seed of all chance." }),
  tick: durationSchema({ min: "1ms", max: "1m" })
    .prefault("100ms")
    .meta({ description: "Values change only this often." }),
  repeat: durationSchema({ min: "1s", max: "30d" })
    .optional()
    .meta({ description: "The story begins again after this long. Left out: it is told once." }),
  links: z
    .record(idSchema, scenarioLinkSchema)
    .default({})
    .meta({ description: "Links by id. One that the site knows too replaces how the site reaches it." }),
  devices: z.record(idSchema, scenarioDeviceSchema).default({}).meta({ description: "Devices by id." }),
  story: z.array(entrySchema).max(10_000).default([]).meta({ description: "What happens, in any order." }),
});
export type Scenario = z.output<typeof scenarioSchema>;
