import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TopicRoot } from "../../../gateway/alerts/topics.ts";
import { capTime } from "../../../gateway/routes/cap/time.ts";
import { escaped, leaf } from "../../../gateway/routes/cap/xml.ts";
import { HOUR, SECOND } from "../../../model/time.ts";
import { settled } from "../../alerts/support/alert-desk.ts";
import { RecordingBus } from "../../alerts/support/recording-bus.ts";
import { missing, requireProgram } from "../../servers/available.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { until } from "../../support/until.ts";
import { RouteDesk } from "../desk.ts";
import { Receiver } from "../receiver.ts";

const SCHEMA = join(import.meta.dirname, "cap-1.2.xsd");
const GAS = "gd-01.lel";
const RIVER = "gauge-1.level";

/** What an element holds; undefined when it is not there. For these documents, whose elements have no attributes. */
function inside(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}[^>]*>(.*?)</${name}>`, "s").exec(xml)?.[1];
}

/** A broker that takes what is published, and routes to it. */
async function published(
  more: object,
  run: (of: { desk: RouteDesk; bus: RecordingBus; messages: () => string[] }) => Promise<void>,
): Promise<void> {
  const bus = new RecordingBus();
  await using desk = await RouteDesk.start({
    routes: { cap: { type: "cap", ...more } },
    buses: (uplink) => (uplink === undefined ? [{ bus, root: new TopicRoot("tocsin", "shiyang") }] : []),
  });
  const messages = () => bus.published.map(({ payload }) => String(payload));
  await run({ desk, bus, messages });
}

const summary = (xml: string) => {
  const info = inside(xml, "info")!;
  return {
    msgType: inside(xml, "msgType"),
    severity: inside(info, "severity"),
    response: inside(info, "responseType"),
    urgency: inside(info, "urgency"),
    references: (inside(xml, "references") ?? "")
      .split(" ")
      .filter(Boolean)
      .map((one) => one.split(",")[1]),
  };
};

describe("an occurrence", () => {
  test("is one chain: an Alert, Updates that refer to all before, an AllClear at the end", async () => {
    await published({}, async ({ desk, bus, messages }) => {
      desk.raise(GAS, "yellow");
      desk.raise(GAS, "red");
      desk.acknowledge(GAS);
      desk.raise(GAS, "orange");
      desk.clear(GAS);
      await until("all", () => messages().length === 4);
      const id = (seq: number) =>
        `${desk.plant.log.length > 0 ? inside(messages()[0]!, "identifier")!.replace(/\d+$/, "") : ""}${seq}`;
      expect(messages().map(summary)).toEqual([
        { msgType: "Alert", severity: "Moderate", response: "Monitor", urgency: "Expected", references: [] },
        {
          msgType: "Update",
          severity: "Extreme",
          response: "Execute",
          urgency: "Immediate",
          references: [id(1)],
        },
        {
          msgType: "Update",
          severity: "Severe",
          response: "Prepare",
          urgency: "Immediate",
          references: [id(1), id(2)],
        },
        {
          msgType: "Update",
          severity: "Severe",
          response: "AllClear",
          urgency: "Past",
          references: [id(1), id(2), id(4)],
        },
      ]);
      expect(new Set(messages().map((xml) => inside(xml, "incidents"))).size).toBe(1);
      expect(bus.published.map(({ topic }) => topic.split("/").slice(2, 5).join("/"))).toEqual([
        "cap/yellow/gas",
        "cap/red/gas",
        "cap/red/gas",
        "cap/red/gas",
      ]);
    });
  });

  test("keeps its chain over a restart", async () => {
    await published({}, async ({ desk, messages }) => {
      desk.raise(GAS, "yellow");
      for (let i = 0; i < 300; i++) desk.swing(RIVER, "yellow");
      desk.raise(GAS, "red");
      await until("all", () => messages().length === 602);
      await desk.restart();
      desk.clear(GAS);
      await until("the end", () => messages().length === 603);
      const end = summary(messages().at(-1)!);
      expect(end).toMatchObject({ msgType: "Update", response: "AllClear" });
      expect(end.references.map((one) => one!.replace(/^.*-/, ""))).toEqual(["1", "902"]);
    });
  });

  test("whose beginning nobody was told of begins with an Alert, and its end alone says nothing", async () => {
    await published({ select: { severity: "orange" } }, async ({ desk, messages }) => {
      desk.raise(GAS, "yellow");
      desk.raise(GAS, "red");
      desk.swing(RIVER, "yellow");
      await until("the first", () => messages().length === 1);
      expect(summary(messages()[0]!)).toMatchObject({ msgType: "Alert", references: [] });
      desk.clear(GAS);
      await until("the end", () => messages().length === 2);
      await settled();
      expect(messages().length).toBe(2);
    });
  });

  test("that is shelved ends all the same at who was told that it began", async () => {
    await published({}, async ({ desk, messages }) => {
      desk.raise(GAS, "yellow");
      await until("the first", () => messages().length === 1);
      const [event] = desk.plant.log;
      const shelved = { ...event!, silence: "shelved" as const, to: "returned" as const };
      desk.invent({ ...shelved, seq: 2, transition: "upgrade", to: "unacknowledged" });
      desk.invent({ ...shelved, seq: 3, transition: "return" });
      desk.invent({ ...shelved, seq: 4, transition: "return", occurrence: 99 });
      await until("the end", () => messages().length === 2);
      await settled();
      expect(messages().length).toBe(2);
      expect(summary(messages()[1]!)).toMatchObject({ msgType: "Update", response: "AllClear" });
    });
  });

  test("whose rule has gone is cancelled, with a note", async () => {
    await published({}, async ({ desk, messages }) => {
      desk.raise(GAS, "yellow");
      desk.plant.withdraw(desk.plant.log[0]!.rule, GAS);
      await until("both", () => messages().length === 2);
      expect(summary(messages()[1]!)).toMatchObject({
        msgType: "Cancel",
        references: [expect.stringMatching(/-1$/)],
      });
      expect(inside(messages()[1]!, "note")).toBeTruthy();
    });
  });

  test("of an exercise, a test and a simulation says so in its status", async () => {
    await published(
      { select: { modes: ["live", "test", "exercise", "simulated"] } },
      async ({ desk, messages }) => {
        desk.raise(GAS, "yellow");
        const [event] = desk.plant.log;
        for (const [i, mode] of (["exercise", "test", "simulated"] as const).entries()) {
          desk.invent({ ...event!, seq: i + 2, occurrence: i + 10, mode });
        }
        await until("all", () => messages().length === 4);
        expect(messages().map((xml) => inside(xml, "status"))).toEqual([
          "Actual",
          "Exercise",
          "Test",
          "Test",
        ]);
      },
    );
  });
});

describe("a message", () => {
  test("has an info in each language and says where: circle, polygon and codes, latitude first", async () => {
    const more = {
      geocode: { "GB/T 2260": "500237" },
      areas: {
        river: {
          polygon: [
            [109.1, 31.1],
            [109.2, 31.1],
            [109.2, 31.2],
          ],
          geocode: { reach: "R-7" },
        },
      },
      radius: 0.05,
    };
    await published(more, async ({ desk, messages }) => {
      desk.raise(GAS, "red");
      desk.raise(RIVER, "red");
      await until("both", () => messages().length === 2);
      const [gas, river] = messages() as [string, string];
      expect([...gas.matchAll(/<language>(.*?)<\/language>/g)].map(([, language]) => language)).toEqual([
        "zh-CN",
        "en-US",
      ]);
      expect(inside(gas, "circle")).toBe("31.07,109.88 0.05");
      expect(inside(river, "polygon")).toBe("31.1,109.1 31.1,109.2 31.2,109.2 31.1,109.1");
      expect(inside(river, "circle")).toBeUndefined();
      expect(inside(river, "area")).toMatch(/<value>500237<\/value>.*<value>R-7<\/value>/);
      expect(gas).toContain("<valueName>code:county-platform</valueName><value>WS-0012</value>");
      expect(inside(gas, "instruction")).toBeTruthy();
      expect(inside(gas, "areaDesc")).toContain("老街3号阀井");
    });
  });

  test("has identifiers of GB/T 35965.1 where a code is given: 31 characters", async () => {
    await published({ code: "50023701300100" }, async ({ desk, messages }) => {
      desk.raise(GAS, "red");
      desk.clear(GAS);
      await until("both", () => messages().length === 2);
      const [first, second] = messages().map((xml) => inside(xml, "identifier")!);
      expect(first).toMatch(/^50023701300100_20260521\d{6}_1$/);
      expect(first!.length).toBe(31);
      expect(inside(messages()[1]!, "references")).toContain(`,${first},`);
      expect(second).not.toBe(first);
    });
  });

  test("names whom it is for", async () => {
    const scopes = [
      [{ scope: "Public" }, /<scope>Public<\/scope><incidents>/],
      [{ restriction: "值班室" }, /<scope>Restricted<\/scope><restriction>值班室<\/restriction>/],
      [
        { scope: "Private", addresses: ["a@b.example", "c@d.example"] },
        /<addresses>a@b.example c@d.example<\/addresses>/,
      ],
    ] as const;
    for (const [more, expected] of scopes) {
      await published(more, async ({ desk, messages }) => {
        desk.raise(GAS, "red");
        await until("the message", () => messages().length === 1);
        expect(messages()[0]).toMatch(expected);
      });
    }
  });

  test("times have an offset, and UTC is -00:00", () => {
    const time = Date.UTC(2026, 4, 21, 6, 30, 5) * 1_000;
    expect(capTime(time, "Asia/Shanghai")).toBe("2026-05-21T14:30:05+08:00");
    expect(capTime(time, "UTC")).toBe("2026-05-21T06:30:05-00:00");
    expect(capTime(time + 18 * HOUR, "America/St_Johns")).toBe("2026-05-21T22:00:05-02:30");
    expect(capTime(time - 1, "Asia/Shanghai")).toBe("2026-05-21T14:30:04+08:00");
  });

  test("holds any text: nothing in it is markup, nothing is unfit for XML", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const written = escaped(text);
        expect(written).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|apos);)/);
        expect(
          [...written].every(
            (character) => character.codePointAt(0)! >= 0x20 || "\t\n\r".includes(character),
          ),
        ).toBe(true);
        expect(written.isWellFormed()).toBe(true);
      }),
    );
    expect(leaf("note", "<a> & 'b' \u0000\ud800")).toBe(
      "<note>&lt;a&gt; &amp; &apos;b&apos; \ufffd\ufffd</note>",
    );
  });
});

describe.skipIf(missing("xmllint"))("a schema of CAP 1.2 and xmllint", () => {
  function validate(...messages: readonly string[]): string {
    using folder = temporaryFolder("cap");
    const files = messages.map((xml, i) => {
      const file = folder.join(`${i}.xml`);
      writeFileSync(file, xml);
      return file;
    });
    const { stderr, status } = spawnSync(
      requireProgram("xmllint"),
      ["--noout", "--schema", SCHEMA, ...files],
      {
        encoding: "utf8",
      },
    );
    return status === 0 ? "" : stderr;
  }

  test("accept every message of every kind of alarm", async () => {
    const more = {
      select: { severity: "blue", classes: ["danger", "fault", "monitoring"], modes: ["live", "exercise"] },
      areas: {
        "well-3": {
          polygon: [
            [109.1, 31.1],
            [109.2, 31.1],
            [109.2, 31.2],
          ],
        },
      },
      contact: "值班室 <duty> & co",
      web: "https://county.example/a?b=1&c=2",
      geocode: { "GB/T 2260": "500237" },
    };
    await published(more, async ({ desk, messages }) => {
      for (const subject of [GAS, RIVER, "smoke-7.smoke"]) {
        for (const severity of ["blue", "yellow", "orange", "red"] as const) desk.raise(subject, severity);
        desk.clear(subject);
        desk.acknowledge(subject);
      }
      desk.plant.assert("monitoring-lost", "gd-01", "yellow", { reason: "no_response" as never });
      desk.plant.assert("journal-failed", "gateway", "orange");
      desk.raise(GAS, "yellow");
      desk.plant.withdraw(desk.plant.log[0]!.rule, GAS);
      const [event] = desk.plant.log;
      desk.invent({ ...event!, seq: desk.plant.nextSeq, occurrence: 999, mode: "exercise" });
      await desk.routes.attempt("cap", desk.clock.now());
      await until("all", () => messages().length >= 20);
      await settled();
      expect(messages().some((xml) => xml.includes("<status>Test</status>"))).toBe(true);
      expect(validate(...messages())).toBe("");
    });
  });

  test("refuse what is out of order, a Z, and a grade that does not exist", async () => {
    await published({}, async ({ desk, messages }) => {
      desk.raise(GAS, "red");
      await until("the message", () => messages().length === 1);
      const [xml] = messages() as [string];
      expect(validate(xml)).toBe("");
      expect(validate(xml.replace(/\+08:00<\/sent>/, "Z</sent>"))).toContain("sent");
      expect(validate(xml.replaceAll("Extreme", "Red"))).toContain("severity");
      expect(validate(xml.replace(/(<status>.*?<\/status>)(<msgType>.*?<\/msgType>)/, "$2$1"))).toContain(
        "msgType",
      );
      expect(validate(xml.replace("<circle>31.07,", "<circle>north,"))).toContain("circle");
    });
  });
});

test("by a webhook the same documents are posted, in order", async () => {
  await using receiver = await Receiver.start();
  await using desk = await RouteDesk.start({
    routes: {
      cap: { type: "webhook", url: receiver.url, format: "cap", cap: { sender: "gas@county.example" } },
    },
  });
  receiver.react = () => ({ status: receiver.received.length === 1 ? 500 : 200 });
  desk.raise(GAS, "yellow");
  desk.raise(GAS, "red");
  desk.acknowledge(GAS);
  desk.clear(GAS);
  await until("all", async () => {
    desk.clock.advance(SECOND);
    await settled();
    return receiver.taken.length === 3;
  });
  expect(receiver.taken.map(({ body }) => inside(body, "msgType"))).toEqual(["Alert", "Update", "Update"]);
  const { headers, body } = receiver.taken[2]!;
  expect(headers["content-type"]).toBe("application/cap+xml; charset=utf-8");
  expect(
    inside(body, "references")!
      .split(" ")
      .map((one) => one.split(",")[0]),
  ).toEqual(["gas@county.example", "gas@county.example"]);
});

test("a broker that is away keeps the messages waiting", async () => {
  await published({}, async ({ desk, bus, messages }) => {
    bus.disconnect();
    desk.raise(GAS, "red");
    await until("the failure", () => desk.status("cap").state === "failing");
    bus.connect();
    await until("the message", async () => {
      desk.clock.advance(SECOND);
      await settled();
      return messages().length === 1;
    });
  });
});
