import { expect, test } from "vitest";
import { Packets } from "../../drivers/hj212/packets.ts";
import type { Segment } from "../../drivers/hj212/segment.ts";
import { SystemClock } from "../../model/time.ts";

const packet = (mn: string, number: number, total: number, cp: string) => ({
  segment: {
    qn: "20260521143000001",
    st: "22",
    cn: 2011,
    pw: "",
    mn,
    flag: 7,
    packet: { total, number },
    cp,
  },
  doubted: false,
  answer: true,
});

test("a report without end does not keep out that of another device", () => {
  const givenUp: string[] = [];
  const packets = new Packets({
    bound: 4_096,
    timeout: 30_000_000,
    clock: new SystemClock(),
    counts: { packetsRepeated: { add: () => {} }, packetsGivenUp: () => {} } as never,
    onGivenUp: (mn) => givenUp.push(mn),
  });
  for (let number = 1; number <= 4; number++)
    packets.take("endless", packet("endless", number, 9_999, "a".repeat(950)));
  const take = (number: number) =>
    packets.take("honest", packet("honest", number, 2, `a${number}-Rtd=1;`.repeat(50)));
  expect(take(1)).toBeUndefined();
  expect(take(2)?.segment).toMatchObject({ mn: "honest", packet: undefined } satisfies Partial<Segment>);
  expect(givenUp).toEqual(["endless"]);
  expect(packets.held).toBe(0);
});
