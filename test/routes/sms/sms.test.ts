import { describe, expect, test } from "vitest";
import { MILLISECOND, MINUTE, SECOND } from "../../../model/time.ts";
import { SITE } from "../../alerts/support/site.ts";
import { missing } from "../../servers/available.ts";
import { until } from "../../support/until.ts";
import { eventually, PHONES, texting } from "./stand.ts";

const GAS = "gd-01.lel";
const OTHER_GAS = "gd-02.lel";
const RIVER = "gauge-1.level";

const BOTH = `${PHONES.duty}, ${PHONES.chief}\n`;

describe.skipIf(missing("socat"))("a text message", () => {
  test("says colour, place, what, value and time in at most 70 characters, to everybody on the list", async () => {
    await texting(
      {},
      async ({ desk, modem }) => {
        desk.raise(GAS, "red");
        await eventually(desk, "both have it", () => modem.messages.length === 2);
        expect(modem.messages[0]).toEqual({
          to: PHONES.duty,
          text: "【红色】老街3号阀井 1号探测器，可燃气体浓度60 %LEL，5月21日14:30:00",
          report: true,
          validity: 167,
        });
        expect(modem.messages.map(({ to }) => to)).toEqual([PHONES.duty, PHONES.chief]);
        await eventually(desk, "the cursor", () => desk.disk.get("route:phones:red") === 2);
        expect(modem.commands.slice(0, 8)).toEqual([
          "AT",
          "ATE0",
          "AT+CMEE=1",
          "AT+CPIN?",
          "AT+CSCA?",
          "AT+CMGF=0",
          "AT+CNMI=2,0,0,1,0",
          "AT+CSQ",
        ]);
        expect(modem.commands).not.toContain("AT+CMGF=1");
      },
      { phones: BOTH },
    );
  });

  test("of several parts tells all of it, where the site pays for that", async () => {
    await texting({ parts: 3 }, async ({ desk, modem }) => {
      desk.raise(GAS, "red");
      await eventually(desk, "it is over", () => desk.status("phones").delivered === 1);
      const parts = modem.messages.map(({ part }) => part);
      expect(parts.length).toBeGreaterThan(1);
      expect(new Set(parts.map((part) => part?.reference)).size).toBe(1);
      expect(parts.map((part) => part?.number)).toEqual(parts.map((_, i) => i + 1));
      const text = modem.messages.map((message) => message.text).join("");
      expect(text).toContain("超过 50 %LEL");
    });
  });

  test("is told again neither when it is acknowledged, nor for what is yellow; its return is told", async () => {
    await texting({}, async ({ desk, modem }) => {
      desk.raise(RIVER, "yellow");
      desk.raise(GAS, "red");
      desk.acknowledge(GAS);
      desk.clear(GAS);
      await eventually(desk, "both", () => desk.status("phones").delivered === 2);
      expect(modem.messages.map(({ text }) => text.slice(0, 4))).toEqual(["【红色】", "【恢复】"]);
    });
  });

  test("of a flood is a digest in one message, and every red one comes by itself, first", async () => {
    await texting({ perMinute: 30 }, async ({ desk, modem }) => {
      for (let i = 0; i < 20; i++) desk.swing(RIVER, "orange");
      for (let i = 0; i < 3; i++) desk.swing(GAS, "red");
      await eventually(desk, "all", () => desk.status("phones").backlog === 0, {
        withinMs: 25_000,
        step: 500 * MILLISECOND,
      });
      const texts = modem.messages.map(({ text }) => text);
      expect(texts.filter((text) => text.startsWith("【红色】"))).toHaveLength(3);
      expect(texts.findIndex((text) => text.startsWith("【橙色】"))).toBeGreaterThan(1);
      const digest = texts.find((text) => text.startsWith("【汇总】"));
      expect(digest).toMatch(/另有\d+条（橙色\d+）/);
      expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(70);
      expect(texts.length).toBeLessThan(12);
    });
  });
});

describe.skipIf(missing("socat"))("a modem", () => {
  test("that echoes, is slow, rings and makes noise between its answers is understood", async () => {
    await texting({}, async ({ desk, modem }) => {
      modem.slow = 20_000;
      const chatter = setInterval(() => {
        modem.say("RING");
        modem.say('+CMTI: "SM",3');
        modem.noise(Uint8Array.of(0xff, 0x00, 0x3f, 0x0d, 0x0a, 0x80));
      }, 5);
      desk.raise(GAS, "red");
      await eventually(desk, "it is sent", () => modem.messages.length === 1).finally(() =>
        clearInterval(chatter),
      );
      await eventually(desk, "it is over", () => desk.status("phones").backlog === 0);
      expect(desk.count("sms_modem_news")).toBeGreaterThan(0);
      expect(desk.count("route_failures")).toBe(0);
    });
  });

  test.each([38, 42, 331, 350, 500])(
    "that answers +CMS ERROR: %d is asked again until the network takes it",
    async (cms) => {
      await texting({}, async ({ desk, modem }) => {
        let refused = 0;
        modem.network = () => (refused++ < 2 ? { cms } : { taken: true });
        desk.raise(GAS, "red");
        await eventually(desk, "it is sent", () => modem.messages.length === 1);
        await eventually(desk, "it is over", () => desk.status("phones").backlog === 0);
        expect(desk.quarantined).toEqual([]);
        expect(desk.count("route_failures")).toBeGreaterThanOrEqual(2);
      });
    },
  );

  test("whose network refuses for minutes is an alarm, though the modem itself is well", async () => {
    await texting({ watch: "1s", lostAfter: "5s" }, async ({ desk, modem }) => {
      await eventually(desk, "it is ready", () => desk.status("phones").state === "up");
      modem.network = () => ({ cms: 38 });
      desk.raise(GAS, "red");
      await eventually(desk, "it is lost", () => desk.lost.length === 1, { withinMs: 25_000 });
      expect(desk.lost[0]).toContain("38 (the network is out of order)");
      expect(desk.lost[0]).not.toContain("8613800138000");
      expect(desk.lost[0]).toContain("+86****8000");
      modem.network = () => ({ taken: true });
      await eventually(desk, "it works", () => desk.lost.at(-1) === "phones works", { withinMs: 25_000 });
    });
  });

  test("that never says what became of a message is set up anew, and the message is sent again", async () => {
    await texting({}, async ({ desk, modem }) => {
      let silent = 0;
      modem.network = () => (silent++ === 0 ? { silent: true } : { taken: true });
      desk.raise(GAS, "red");
      await eventually(desk, "it is sent", () => modem.messages.length === 1, { withinMs: 25_000 });
      expect(modem.commands.filter((command) => command === "ATE0")).toHaveLength(2);
    });
  });

  test("that hangs is a route that fails; when it is switched off and on, what waited goes out", async () => {
    await texting({ watch: "1s", lostAfter: "10s" }, async ({ desk, modem }) => {
      await eventually(desk, "it is ready", () => desk.status("phones").state === "up");
      modem.hung = true;
      await eventually(desk, "it is lost, though nobody had anything to say", () => desk.lost.length === 1);
      expect(desk.status("phones").lastError).toContain("does not answer");
      desk.raise(GAS, "red");
      modem.hung = false;
      await eventually(desk, "it is sent", () => modem.messages.length === 1, { withinMs: 25_000 });
      await until("it works", () => desk.lost.at(-1) === "phones works");
    });
  });

  test("that finds no network says so, is told to restart once, and goes on", async () => {
    await texting({ watch: "5s", lostAfter: "10s" }, async ({ desk, modem }) => {
      modem.registration = 2;
      modem.onRestart = () => {
        modem.registration = 5;
      };
      await eventually(desk, "it is lost", () => desk.lost.length === 1);
      expect(desk.lost[0]).toContain("no network: registration 2, signal 21");
      await eventually(desk, "it works", () => desk.lost.at(-1) === "phones works", { withinMs: 25_000 });
      expect(modem.restarts).toBe(1);
      desk.raise(GAS, "red");
      await eventually(desk, "it is sent", () => modem.messages.length === 1);
    });
  });

  test("that is pulled out and plugged in again loses nothing", async () => {
    await texting({ lostAfter: "5s" }, async ({ desk, modem, cable }) => {
      desk.raise(GAS, "red");
      await eventually(desk, "the first", () => modem.messages.length === 1);
      await cable.pullOut();
      desk.raise(OTHER_GAS, "red");
      await eventually(desk, "it is lost", () => desk.lost.length === 1);
      await cable.plugIn();
      await eventually(desk, "the second", () => modem.messages.length === 2, { withinMs: 25_000 });
      expect(modem.messages.map(({ text }) => /\d号探/.exec(text)?.[0])).toEqual(["1号探", "2号探"]);
      await eventually(desk, "it works", () => desk.lost.at(-1) === "phones works");
    });
  });

  test("that is not there at the start is a route that fails, until it is", async () => {
    await texting(
      { lostAfter: "5s" },
      async ({ desk, modem, cable }) => {
        await eventually(desk, "it is lost", () => desk.lost.length === 1);
        expect(desk.routes.covering(SITE.points[0]!)).toBe(0);
        await cable.plugIn();
        await eventually(desk, "it works", () => desk.lost.at(-1) === "phones works", { withinMs: 25_000 });
        expect(desk.routes.covering(SITE.points[0]!)).toBe(1);
        desk.raise(GAS, "red");
        await eventually(desk, "it is sent", () => modem.messages.length === 1);
      },
      { pluggedIn: false },
    );
  });

  test("gets the PIN of its SIM once; a wrong one is never tried again", async () => {
    await texting({ pin: "env:PIN" }, async ({ desk, modem }) => {
      modem.sim = "SIM PIN";
      desk.raise(GAS, "red");
      await eventually(desk, "it is sent", () => modem.messages.length === 1);
    });
    await texting({ pin: "env:PIN", lostAfter: "5s" }, async ({ desk, modem }) => {
      modem.sim = "SIM PIN";
      modem.pin = "9999";
      await eventually(desk, "it is lost", () => desk.lost.length === 1);
      await desk.pass(MINUTE);
      expect(modem.commands.filter((command) => command.startsWith("AT+CPIN="))).toHaveLength(1);
    });
  });
});

describe.skipIf(missing("socat"))("a number", () => {
  test("that is not assigned keeps nobody else from hearing, and is told of", async () => {
    await texting(
      {},
      async ({ desk, modem }) => {
        modem.network = ({ to }) => (to === PHONES.duty ? { cms: 1 } : { taken: true });
        desk.raise(GAS, "red");
        await eventually(desk, "it is set aside", () => desk.quarantined.length === 1, { withinMs: 25_000 });
        // The one who can be reached got it once, though it was offered three times.
        expect(modem.messages.map(({ to }) => to)).toEqual([PHONES.chief]);
        expect(desk.quarantined[0]!.words).toContain("+86****8000");
        expect(desk.lost[0]).toContain("phones lost");
      },
      { phones: BOTH },
    );
  });

  test("that has it does not get it twice when another has to wait", async () => {
    await texting(
      {},
      async ({ desk, modem }) => {
        let congested = 3;
        modem.network = ({ to }) => (to === PHONES.chief && congested-- > 0 ? { cms: 42 } : { taken: true });
        desk.raise(GAS, "red");
        await eventually(desk, "it is over", () => desk.status("phones").delivered === 1);
        expect(modem.messages.map(({ to }) => to)).toEqual([PHONES.duty, PHONES.chief]);
      },
      { phones: BOTH },
    );
  });

  test("that the telephone got it, or did not, is counted", async () => {
    await texting({}, async ({ desk, modem }) => {
      desk.raise(GAS, "red");
      await eventually(desk, "it is sent", () => desk.status("phones").delivered === 1);
      const report = "07914356060013F1065A098136397339F721901170046380219011700463800";
      modem.report(`${report}0`);
      modem.report(`${report.slice(0, -1)}46`);
      const counted = (outcome: string) =>
        [...desk.counters].find(
          ({ name }) => name.name === "sms_messages" && name.labels?.outcome === outcome,
        )?.total;
      await until("both are counted", () => counted("delivered") === 1 && counted("failed") === 1);
    });
  });
});

test.skipIf(missing("socat"))(
  "more messages than the operator likes wait; red is let through to the last",
  async () => {
    await texting({ perMinute: 4 }, async ({ desk, modem }) => {
      desk.swing(RIVER, "orange");
      await eventually(desk, "two", () => modem.messages.length === 2);
      // Two of the four are left for red.
      desk.swing(RIVER, "orange");
      await desk.pass(10 * SECOND);
      expect(modem.messages.length).toBe(2);
      desk.swing(GAS, "red");
      await eventually(desk, "red", () => modem.messages.length === 4);
      expect(modem.messages.map(({ text }) => text.slice(0, 4)).slice(2)).toEqual(["【红色】", "【恢复】"]);
      desk.raise(OTHER_GAS, "red");
      await desk.pass(10 * SECOND);
      expect(modem.messages.length).toBe(4);
      await eventually(desk, "all", () => desk.status("phones").backlog === 0, {
        withinMs: 25_000,
        step: 500 * MILLISECOND,
      });
    });
  },
);

test.skipIf(missing("socat"))(
  "red goes beyond what the site allows in an hour, orange does not",
  async () => {
    await texting({ perMinute: 60, perHour: 10 }, async ({ desk, modem }) => {
      for (let i = 0; i < 7; i++) desk.swing(GAS, "red");
      await eventually(desk, "all red ones", () => modem.messages.length === 14);
      desk.raise(RIVER, "orange");
      await desk.pass(5 * MINUTE, SECOND);
      expect(modem.messages.length).toBe(14);
      desk.raise(OTHER_GAS, "red");
      await eventually(desk, "another red one", () => modem.messages.length === 15);
    });
  },
);
