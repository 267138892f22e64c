import { expect, test } from "vitest";
import { dialectOf } from "../../drivers/tcp/dialect.ts";

test.each([
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n")],
  ["TLS", Buffer.from("16030100f8010000f40303", "hex")],
  ["SSH", Buffer.from("SSH-2.0-x")],
  ["MQTT", Buffer.from("100e00044d51545404020", "hex")],
  ["GB/T 26875.3", Buffer.from("404001000101203a", "hex")],
  ["SL 651", Buffer.from("7e7e0100123456781234", "hex")],
  ["SL 651", Buffer.from("\x01010012345678")],
  ["HJ 212", Buffer.from("##0101QN=")],
  ["SZY 206", Buffer.from("681a68b3", "hex")],
  ["Modbus TCP", Buffer.from("000100000006010300000002", "hex")],
  [undefined, Buffer.from("hello")],
  [undefined, Buffer.alloc(0)],
  [undefined, Buffer.alloc(16)],
] as const)("%s is told by its first bytes", (name, bytes) => {
  expect(dialectOf(bytes)).toBe(name);
});
