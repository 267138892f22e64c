import { stringify } from "yaml";
import type { z } from "zod";
import { publishedSchema } from "../messages/published-schema.ts";
import { caseMessageSchema } from "./case-message.ts";
import {
  actCommandSchema,
  alarmCommandSchema,
  askCommandSchema,
  closeCommandSchema,
  closePermitCommandSchema,
  openPermitCommandSchema,
  outOfServiceCommandSchema,
  proofTestCommandSchema,
  resendCommandSchema,
  respondCommandSchema,
  resultMessageSchema,
  returnToServiceCommandSchema,
  selfTestCommandSchema,
  shelveCommandSchema,
  unshelveCommandSchema,
  writeCommandSchema,
} from "./command-schemas.ts";
import { digestMessageSchema } from "./digest-message.ts";
import {
  alarmMessageSchema,
  eventMessageSchema,
  pointMessageSchema,
  readingMessageSchema,
  statusMessageSchema,
  voidMessageSchema,
} from "./message-schemas.ts";

/*
 * The published description of the alert topics: one JSON Schema a message and an AsyncAPI document, all made from the schemas
 * in message-schemas.ts and command-schemas.ts.
 */

/** A file of the documentation, relative to the repository's `docs/schemas`. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** Messages by the name of their schema. */
export const MESSAGES = {
  event: eventMessageSchema,
  void: voidMessageSchema,
  alarm: alarmMessageSchema,
  point: pointMessageSchema,
  status: statusMessageSchema,
  reading: readingMessageSchema,
  case: caseMessageSchema,
  digest: digestMessageSchema,
  result: resultMessageSchema,
  "alarm-command": alarmCommandSchema,
  "resend-command": resendCommandSchema,
  "respond-command": respondCommandSchema,
  "act-command": actCommandSchema,
  "close-command": closeCommandSchema,
  "self-test-command": selfTestCommandSchema,
  "shelve-command": shelveCommandSchema,
  "unshelve-command": unshelveCommandSchema,
  "out-of-service-command": outOfServiceCommandSchema,
  "return-to-service-command": returnToServiceCommandSchema,
  "write-command": writeCommandSchema,
  "ask-command": askCommandSchema,
  "proof-test-command": proofTestCommandSchema,
  "open-permit-command": openPermitCommandSchema,
  "close-permit-command": closePermitCommandSchema,
} as const;
export type MessageName = keyof typeof MESSAGES;

const ASYNCAPI_VERSION = "3.0.0";
/** Of the topics' contract, not of the software. */
const CONTRACT_VERSION = "1.0.0";

/**
 * JSON Schemas (2020-12) of all messages. Unlike the schemas we build by, they allow further properties: receivers ignore what
 * they do not know, so that fields can be added.
 */
export function alertSchemas(): Readonly<Record<MessageName, z.core.JSONSchema.BaseSchema>> {
  const entries = Object.entries(MESSAGES).map(([name, schema]) => [name, publishedSchema(schema)] as const);
  return Object.fromEntries(entries) as Record<MessageName, z.core.JSONSchema.BaseSchema>;
}

/** A message that is no JSON, and has a schema of its own elsewhere. */
const CAP_MESSAGE = {
  name: "cap",
  title: "CAP document",
  summary: "One message of the Common Alerting Protocol 1.2, as OASIS publishes it.",
  contentType: "application/cap+xml",
};

interface Channel {
  readonly address: string;
  readonly parameters: readonly string[];
  readonly messages: readonly (MessageName | "cap")[];
  readonly description: string;
  readonly retain: boolean;
  readonly qos: 0 | 1;
  /** From the point of view of the gateway. */
  readonly action: "send" | "receive";
}

const CHANNELS: Readonly<Record<string, Channel>> = {
  alarm: {
    address: "{prefix}/{site}/alarm/{domain}/{point}/{subject}/{rule}",
    parameters: ["prefix", "site", "domain", "point", "subject", "rule"],
    messages: ["alarm"],
    description:
      "Present state of each alarm that is not normal. An empty retained message clears the topic when it is normal again.",
    retain: true,
    qos: 1,
    action: "send",
  },
  point: {
    address: "{prefix}/{site}/point/{point}",
    parameters: ["prefix", "site", "point"],
    messages: ["point"],
    description: "Each point at a glance, always there: worst severity, monitoring, last evaluation.",
    retain: true,
    qos: 1,
    action: "send",
  },
  event: {
    address: "{prefix}/{site}/event/{severity}/{domain}/{point}/{subject}/{rule}",
    parameters: ["prefix", "site", "severity", "domain", "point", "subject", "rule"],
    messages: ["event", "void"],
    description:
      "Every transition, at least once. The severity in the topic is the highest that the occurrence has reached, so that who subscribes to `event/red/#` also sees its return. `seq` has no gaps on `event/#`; `prev` chains the events of one severity.",
    retain: false,
    qos: 1,
    action: "send",
  },
  cap: {
    address: "{prefix}/{site}/cap/{severity}/{domain}/{point}/{subject}/{rule}",
    parameters: ["prefix", "site", "severity", "domain", "point", "subject", "rule"],
    messages: ["cap"],
    description:
      "Events as CAP 1.2 documents, if the site has a route of type `cap`. One occurrence is one chain of references.",
    retain: false,
    qos: 1,
    action: "send",
  },
  reading: {
    address: "{prefix}/{site}/reading/{device}/{channel}",
    parameters: ["prefix", "site", "device", "channel"],
    messages: ["reading"],
    description: "Last reading of each channel, if the site has switched it on.",
    retain: true,
    qos: 0,
    action: "send",
  },
  case: {
    address: "{prefix}/{site}/case/{number}",
    parameters: ["prefix", "site", "number"],
    messages: ["case"],
    description:
      "Each open case: who has acknowledged, responded and acted, and by when the rest is due. An empty retained message clears the topic when it is closed.",
    retain: true,
    qos: 1,
    action: "send",
  },
  escalation: {
    address: "{prefix}/{site}/escalation/{group}/{severity}/{point}/{number}",
    parameters: ["prefix", "site", "group", "severity", "point", "number"],
    messages: ["event"],
    description:
      "A step of a case has taken too long: the event `overrun` once more, for the group of people that must know now.",
    retain: false,
    qos: 1,
    action: "send",
  },
  audit: {
    address: "{prefix}/{site}/audit/{date}",
    parameters: ["prefix", "site", "date"],
    messages: ["digest"],
    description:
      "The alarm log's chain value at the end of each day. Keep what arrives: it proves later that the log was not rewritten.",
    retain: true,
    qos: 1,
    action: "send",
  },
  status: {
    address: "{prefix}/{site}/status",
    parameters: ["prefix", "site"],
    messages: ["status"],
    description:
      "Online or offline, and the heartbeat. On external brokers the last will says offline; everywhere three missed heartbeats do.",
    retain: true,
    qos: 1,
    action: "send",
  },
  result: {
    address: "{prefix}/{site}/command/result/{id}",
    parameters: ["prefix", "site", "id"],
    messages: ["result"],
    description:
      "What became of a command, once it is on disk. Characters of the id other than letters, digits, `.`, `_` and `-` are replaced by `_`.",
    retain: false,
    qos: 1,
    action: "send",
  },
  acknowledge: command("acknowledge", "alarm-command", "Acknowledges one occurrence."),
  reset: command("reset", "alarm-command", "Releases the latch of one occurrence whose condition has gone."),
  shelve: command("shelve", "shelve-command", "Silences one alarm for a time, with a reason."),
  unshelve: command("unshelve", "unshelve-command", "Ends shelving before its time."),
  "out-of-service": command(
    "out-of-service",
    "out-of-service-command",
    "Takes a thing with its alarms out of service for a time, with a reason.",
  ),
  "return-to-service": command(
    "return-to-service",
    "return-to-service-command",
    "Takes it back before its time.",
  ),
  write: command("write", "write-command", "Switches or sets an output of a device, with a reason."),
  ask: command("ask", "ask-command", "Asks a device something, or has it do it."),
  respond: command("respond", "respond-command", "Says that somebody is on the way: a case."),
  act: command("act", "act-command", "Notes what was done about a case."),
  close: command("close", "close-command", "Closes a case with cause and report."),
  "proof-test": command("proof-test", "proof-test-command", "Records that an instrument has been tested."),
  "open-permit": command(
    "open-permit",
    "open-permit-command",
    "Opens a permit to work at a place for a time.",
  ),
  "close-permit": command("close-permit", "close-permit-command", "Closes a permit before its time."),
  "self-test": command("self-test", "self-test-command", "Sends a test alarm through the whole chain."),
  resend: command(
    "resend",
    "resend-command",
    "Asks for missed events again; they come on their own topics, marked `resent`.",
  ),
};

function command(verb: string, message: MessageName, description: string): Channel {
  return {
    address: `{prefix}/{site}/command/${verb}`,
    parameters: ["prefix", "site"],
    messages: [message],
    description: `${description} Retained and expired commands are refused; the user is the authenticated sender.`,
    retain: false,
    qos: 1,
    action: "receive",
  };
}

const PARAMETERS: Readonly<Record<string, string>> = {
  prefix: "`tocsin`, unless the uplink sets another.",
  site: "Id of the site.",
  domain:
    "`gas`, `fire`, `geohazard`, `water`, `electrical`, `machine`, `environment`, or `system` for the gateway itself.",
  point: "Id of the point; `gateway` for the gateway itself and its links.",
  subject: "Key of what the rule watches: `gd-01.lel`, `panel:l1d12.fire`, `gd-01`, `link@bus-1`.",
  rule: "Id of the rule.",
  severity: "`blue`, `yellow`, `orange` or `red`.",
  device: "Id of the device.",
  channel: "Id of the channel within its device.",
  id: "Request id.",
  number: "Number of the case.",
  group: "Group of people, as `cases.escalation` names it.",
  date: "The day that had ended at the site: `2026-05-21`.",
};

/** The AsyncAPI 3 document of the alert topics; it refers to the JSON Schemas beside it. */
export function asyncApi(): object {
  const reference = (path: string) => ({ $ref: `#/${path}` });
  return {
    asyncapi: ASYNCAPI_VERSION,
    info: {
      title: "Tocsin alert topics",
      version: CONTRACT_VERSION,
      description:
        "What a Tocsin gateway publishes on its embedded broker and on uplinks, and which commands it takes. Messages may come more than once: know an event by its `id`. Texts are in Chinese and English.",
    },
    defaultContentType: "application/json",
    channels: mapped(CHANNELS, (channel) => ({
      address: channel.address,
      description: channel.description,
      parameters: Object.fromEntries(
        channel.parameters.map((name) => [name, reference(`components/parameters/${name}`)]),
      ),
      messages: Object.fromEntries(
        channel.messages.map((name) => [name, reference(`components/messages/${name}`)]),
      ),
    })),
    operations: mapped(CHANNELS, (channel, name) => ({
      action: channel.action,
      channel: reference(`channels/${name}`),
      summary: channel.description,
      bindings: { mqtt: { qos: channel.qos, retain: channel.retain } },
    })),
    components: {
      parameters: mapped(PARAMETERS, (description) => ({ description })),
      messages: {
        ...mapped(MESSAGES, (schema, name) => ({
          name,
          title: schema.meta()?.title,
          summary: schema.meta()?.description,
          contentType: "application/json",
          payload: { $ref: `./${name}.schema.json` },
        })),
        cap: CAP_MESSAGE,
      },
    },
  };
}

function mapped<Value>(
  record: Readonly<Record<string, Value>>,
  make: (value: Value, name: string) => unknown,
): object {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, make(value, name)]));
}

/** All generated files, ready to be written to `docs/schemas`. */
export function alertDocuments(): GeneratedFile[] {
  const schemas = Object.entries(alertSchemas()).map(([name, schema]) => ({
    path: `${name}.schema.json`,
    content: `${JSON.stringify(schema, undefined, 2)}\n`,
  }));
  const head = "# Generated from gateway/alerts/documents.ts; `npm run docs` renews it.\n";
  return [
    ...schemas,
    {
      path: "asyncapi.yaml",
      content: head + stringify(asyncApi(), { lineWidth: 110, aliasDuplicateObjects: false }),
    },
  ];
}
