import { createHmac } from "node:crypto";
import { request } from "node:http";
import type { z } from "zod";
import { create, type HttpIntake } from "../../drivers/http/driver.ts";
import { type HttpOptions, httpAddressSchema, httpLinkSchema } from "../../drivers/http/options.ts";
import { CounterRegistry } from "../../model/counter.ts";
import { SILENT } from "../../model/log.ts";
import { type Clock, SystemClock } from "../../model/time.ts";
import { type TestDevice, TestSite, testLink, total } from "../mqtt/site.ts";
import { RecordingIntake } from "../support/recording-intake.ts";

export const TOKEN = "value-of-env-TOKEN";
export const KEY = "value-of-env-KEY";

/** An answer as it arrived. */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

export interface StandDevice extends Omit<TestDevice, "address"> {
  readonly at: { source: string; id: string };
}

/** An HTTP intake on a free port of the loopback, with a disk that a test moves by hand. */
export class HttpStand implements AsyncDisposable {
  readonly site: TestSite;
  readonly driver: HttpIntake;
  readonly counters = new CounterRegistry();
  readonly intake: RecordingIntake;

  static async start(
    options: Partial<z.input<typeof httpLinkSchema>> & Pick<z.input<typeof httpLinkSchema>, "sources">,
    devices: readonly StandDevice[],
    { instant = true, clock, intake }: { instant?: boolean; clock?: Clock; intake?: RecordingIntake } = {},
  ): Promise<HttpStand> {
    const stand = new HttpStand(httpLinkSchema.parse({ listen: "127.0.0.1:0", ...options }), devices, {
      clock: clock ?? new SystemClock(),
      intake: intake ?? new RecordingIntake({ instant }),
    });
    await stand.driver.start(stand.intake);
    return stand;
  }

  private constructor(
    options: HttpOptions,
    devices: readonly StandDevice[],
    { clock, intake }: { clock: Clock; intake: RecordingIntake },
  ) {
    this.intake = intake;
    this.site = new TestSite(devices.map(({ id, profile }) => ({ id, profile })));
    this.driver = create({
      link: testLink("http-intake", options),
      options,
      devices: this.site.devices.map((device, index) => ({
        ...device,
        address: httpAddressSchema.parse(devices[index]!.at),
      })),
      clock,
      log: SILENT,
      counters: this.counters,
      secret: (reference) => `value-of-${reference.replace(":", "-")}`,
    });
  }

  get port(): number {
    return Number(this.driver.listening.split(":").at(-1));
  }

  total(name: string): number {
    return total(this.counters, name);
  }

  /** How often requests were turned away for a reason. */
  turnedAway(why: string): number {
    return [...this.counters]
      .filter(({ name }) => name.name === "http_intake_turned_away" && name.labels?.why === why)
      .reduce((sum, counter) => sum + counter.total, 0);
  }

  /** The readings that entered, as a person would write them. */
  get readings(): string[] {
    return this.intake.readings.map(
      ({ channel, value, reason }) => `${this.site.key(channel)} ${value} ${reason}`,
    );
  }

  send(
    path: string,
    body: unknown,
    { method = "POST", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: "127.0.0.1",
          port: this.port,
          path,
          method,
          headers: { "content-type": "application/json", ...headers },
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("error", reject);
          response.once("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      sent.once("error", reject);
      sent.end(method === "GET" ? undefined : text);
    });
  }

  /** With the token of the test. */
  push(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, body, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } });
  }

  /** Signed as docs/http-intake.md has it. */
  signed(
    path: string,
    body: unknown,
    {
      nonce,
      at = Date.now(),
      key = KEY,
      sign = body,
    }: { nonce: string; at?: number; key?: string; sign?: unknown },
  ): Promise<Answer> {
    const signature = createHmac("sha256", key)
      .update(`${at}\n${nonce}\n${JSON.stringify(sign)}`)
      .digest("hex");
    return this.send(path, body, {
      headers: { "x-signature": `sha256=${signature}`, "x-timestamp": String(at), "x-nonce": nonce },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.stop();
  }
}
