import { expect, test } from "vitest";
import { formatInstant, SECOND } from "../../model/time.ts";
import { Stand } from "./stand.ts";

const SITE = `
site: { id: bench, name: 试验台 }
http: { enabled: false }
links: { broker: { type: mqtt-broker, listen: "127.0.0.1:0" } }
points: { cliff: { name: 三号危岩, domain: geohazard } }
devices: { geo-3: { profile: json-vibration, link: broker, point: cliff } }
rules:
  rockfall:
    name: 疑似落石
    applies: { quantity: particle_velocity }
    staLta: { sta: 1s, lta: 10s, above: { orange: 5 }, off: 1.5 }
    basis: site
    guidance: 核实
  blasting:
    name: 爆破振动过大
    applies: { quantity: vibration_peak_velocity }
    buildingVibration: { building: sensitive, frequency: frequency }
    basis: DIN 4150-3
    guidance: 停止爆破
`;

/** Samples of one message, and messages that fill the long window. */
const SAMPLES = 100;
const WARM_UP = 12;

/** Plays a geophone: each message is a second of 100 samples, told when that second is over. */
class Geophone {
  readonly #stand: Stand;
  #sent = 0;

  constructor(stand: Stand) {
    this.#stand = stand;
  }

  async say(seconds: number, loud: number): Promise<void> {
    for (let s = 0; s < seconds; s++) {
      const first = this.#stand.clock.wall();
      this.#stand.clock.jump(SECOND);
      const v = Array.from({ length: SAMPLES }, (_, k) => {
        const i = this.#sent * SAMPLES + k;
        return Number((0.3 + Math.sin(i * i * 12.9898) * 0.01 * loud).toFixed(5));
      });
      this.#sent++;
      await this.#stand.staff.publish("devices/geo-3/waveform", { time: formatInstant(first), v });
    }
  }

  async peak(ppv: number, frequency: number): Promise<void> {
    const time = formatInstant(this.#stand.clock.wall());
    await this.#stand.staff.publish("devices/geo-3/peak", { time, ppv, frequency });
  }
}

test("a rock falls in the waveform of a geophone, before and after a restart of the gateway", {
  timeout: 60_000,
}, async () => {
  await using stand = await Stand.start(SITE);
  const geophone = new Geophone(stand);
  await geophone.say(WARM_UP, 1);
  await geophone.peak(2.9, 4);
  expect(stand.standing()).toEqual([]);
  await geophone.say(1, 20);
  await stand.staff.hears("raise rockfall geo-3.velocity orange");
  const event = stand.staff.event("raise rockfall geo-3.velocity orange");
  expect(event).toMatchObject({ limit: 5, unit: { symbol: "" }, what: { quantity: "particle_velocity" } });
  expect(event.value).toBeGreaterThanOrEqual(5);
  expect(event.text.zh).toMatch(/三号危岩.*长短时均值比（STA\/LTA） \d.*超过 5/);
  expect(event.text.en).toMatch(/STA\/LTA ratio of particle velocity .*above 5/);

  // The background and the hold of it outlive the restart: a second of silence later it is over.
  await stand.stop();
  await stand.start();
  await geophone.say(2, 1);
  await stand.staff.hears("return rockfall geo-3.velocity orange");

  // Building: 9 mm/s is within the guide value at 90 Hz and beyond it at 5 Hz.
  await geophone.peak(9, 90);
  stand.clock.jump(SECOND);
  await geophone.say(1, 1);
  expect(stand.standing()).toEqual(["rockfall geo-3.velocity returned"]);
  await geophone.peak(9, 5);
  await stand.staff.hears("raise blasting geo-3.peak red");
  expect(stand.staff.event("raise blasting geo-3.peak red").text.zh).toMatch(
    /建筑振动峰值速度 9 mm\/s（主频 5 Hz），超过 3 mm\/s/,
  );

  // Nothing is lost, late or refused of samples that come a hundred to a message.
  expect(stand.counted("readings_late")).toBe(0);
  expect(stand.standing().filter((line) => !/^(rockfall|blasting) /.test(line))).toEqual([]);
});
