import { expect, test } from "vitest";
import { z } from "zod";
import { sinkSchema } from "../../gateway/sinks/options.ts";

const ONE = { type: "influxdb1", url: "http://192.0.2.20:8086", database: "tocsin" };
const TWO = {
  type: "influxdb2",
  url: "https://influx.example/base",
  org: "county",
  bucket: "tocsin",
  token: "env:TOKEN",
};

test("a sink is four lines; everything else has a default", () => {
  expect(sinkSchema.parse(ONE)).toMatchObject({ batch: 5_000, start: "from-oldest", deadline: 20_000_000 });
  expect(sinkSchema.parse(TWO)).toMatchObject({
    gzip: true,
    retry: { first: 1_000_000, longest: 60_000_000 },
  });
});

test.each([
  ["a secret written down", { ...TWO, token: "my-token" }],
  ["a password in the address", { ...ONE, url: "http://zhao:1234@192.0.2.20:8086" }],
  ["an address that is none", { ...ONE, url: "192.0.2.20:8086" }],
  ["a user without a password", { ...ONE, username: "zhao" }],
  ["an option of the other version", { ...ONE, bucket: "tocsin" }],
  ["a first wait longer than the longest", { ...ONE, retry: { first: "2m" } }],
  ["a kind that does not exist", { ...ONE, type: "influxdb" }],
])("%s is an error", (_, options) => {
  expect(sinkSchema.safeParse(options).success).toBe(false);
});

test("every option is described", () => {
  const undescribed: string[] = [];
  const walk = (schema: unknown, path: string) => {
    if (typeof schema !== "object" || schema === null) return;
    if ("properties" in schema) {
      for (const [name, property] of Object.entries(schema.properties as object)) {
        if (name !== "type" && !("description" in property)) undescribed.push(`${path}.${name}`);
        walk(property, `${path}.${name}`);
      }
    }
    for (const kind of "oneOf" in schema ? (schema.oneOf as unknown[]) : []) walk(kind, path);
  };
  walk(z.toJSONSchema(sinkSchema, { io: "input" }), "sink");
  expect(undescribed).toEqual([]);
});
