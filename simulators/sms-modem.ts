import { SerialPort } from "serialport";
import { HostError } from "../model/error.ts";
import { type Clock, type Micros, SECOND, type Timer } from "../model/time.ts";
import { parseSubmit, type Submitted } from "./sms-submit.ts";

/** What the network does with a message. */
export type NetworkAnswer =
  /** Takes it, after so long. */
  | { readonly taken: true; readonly after?: Micros }
  /** Refuses it with a CMS error. */
  | { readonly cms: number }
  /** The modem never says what became of it; `taken` whether it was sent all the same. */
  | { readonly silent: true; readonly taken?: boolean };

export interface SmsModemOptions {
  readonly path: string;
  readonly clock: Clock;
}

/** A real modem takes so long to start; ours is quicker. */
const BOOT: Micros = SECOND;
const END_OF_MESSAGE = "\x1a";
const ESCAPE = "\x1b";
const PROMPT = "\r\n> ";

/**
 * A modem for text messages on a serial port, with its SIM and the network behind it: speaks AT as SIM800, EC20 and the like do, and
 * fails in the ways they fail.
 */
export class SmsModem {
  /** What the network has taken, in order. */
  readonly messages: Submitted[] = [];
  /** Every command, as it came. */
  readonly commands: string[] = [];
  /** What `AT+CPIN?` says. */
  sim: "READY" | "SIM PIN" | "SIM PUK" | "NOT INSERTED" = "READY";
  pin = "1234";
  /** State of `+CREG`: 1 at home, 2 searching, 3 denied, 5 roaming. */
  registration = 1;
  /** `+CSQ`; 99 is unknown. */
  signal = 21;
  /** Pause before each answer. */
  slow: Micros = 0;
  /** It says nothing at all. */
  hung = false;
  /** Times it was told to start anew. */
  restarts = 0;
  /** A restart also mends this. */
  onRestart: () => void = () => {};
  network: (message: Submitted) => NetworkAnswer = () => ({ taken: true });
  readonly #o: SmsModemOptions;
  readonly #timers = new Set<Timer>();
  #port: SerialPort | undefined;
  #echo = true;
  #buffer = "";
  #awaited: number | undefined;
  #reference = 0;
  #bootUntil: Micros = 0;

  constructor(options: SmsModemOptions) {
    this.#o = options;
  }

  /**
   * Opens the port and answers.
   * @throws HostError ADDRESS_UNAVAILABLE when it cannot be opened.
   */
  async start(): Promise<void> {
    const port = new SerialPort({ path: this.#o.path, baudRate: 115_200, autoOpen: false });
    try {
      await new Promise<void>((resolve, reject) => {
        port.open((failure) => (failure ? reject(failure) : resolve()));
      });
    } catch (cause) {
      throw new HostError("ADDRESS_UNAVAILABLE", `cannot open the serial port ${this.#o.path}`, { cause });
    }
    port.on("data", (bytes: Buffer) => this.#received(bytes.toString("latin1")));
    port.on("error", () => {});
    this.#port = port;
    this.#echo = true;
    this.#buffer = "";
    this.#awaited = undefined;
  }

  /** Closes the port. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    const port = this.#port;
    this.#port = undefined;
    if (port?.isOpen) await new Promise<void>((resolve) => port.close(() => resolve()));
  }

  /** Says something by itself: `RING`, `+CMTI: "SM",3`. */
  say(line: string): void {
    this.#port?.write(`\r\n${line}\r\n`, "latin1");
  }

  /** Bytes that mean nothing. */
  noise(bytes: Uint8Array): void {
    this.#port?.write(Buffer.from(bytes));
  }

  /** The network reports on a message: 0x00 delivered, 0x30 still trying, 0x46 expired. */
  report(pdu: string): void {
    this.#port?.write(`\r\n+CDS: ${pdu.length / 2 - 1}\r\n${pdu}\r\n`, "latin1");
  }

  #received(text: string): void {
    if (this.hung || this.#o.clock.now() < this.#bootUntil) return;
    if (this.#echo) this.#port?.write(text.replaceAll(ESCAPE, ""), "latin1");
    for (const character of text) this.#character(character);
  }

  #character(character: string): void {
    if (character === ESCAPE) {
      this.#buffer = "";
      this.#awaited = undefined;
    } else if (this.#awaited !== undefined && character === END_OF_MESSAGE) {
      const pdu = this.#buffer;
      const length = this.#awaited;
      this.#buffer = "";
      this.#awaited = undefined;
      this.#submit(pdu.trim(), length);
    } else if (this.#awaited === undefined && character === "\r") {
      const command = this.#buffer.trim();
      this.#buffer = "";
      if (command !== "") this.#command(command);
    } else this.#buffer += character;
  }

  #command(command: string): void {
    this.commands.push(command);
    // What it does, it does at once; what it says may take a while.
    const answer = this.#answer(command);
    this.#later(this.slow, () => {
      for (const line of answer) this.#port?.write(line, "latin1");
    });
  }

  #answer(command: string): string[] {
    const ok = "\r\nOK\r\n";
    const line = (text: string) => `\r\n${text}\r\n`;
    if (/^AT\+CMGS=\d+$/.test(command)) {
      this.#awaited = Number(command.slice("AT+CMGS=".length));
      return [PROMPT];
    }
    if (command.startsWith("AT+CPIN=")) {
      if (command !== `AT+CPIN=${this.pin}`) return [line("+CME ERROR: 16")];
      this.sim = "READY";
      return [ok];
    }
    switch (command) {
      case "AT":
      case "AT+CMEE=1":
      case "AT+CMGF=0":
      case "AT+CNMI=2,0,0,1,0":
        return [ok];
      case "ATE0":
        this.#echo = false;
        return [ok];
      case "AT+CPIN?":
        return this.sim === "NOT INSERTED" ? [line("+CME ERROR: 10")] : [line(`+CPIN: ${this.sim}`), ok];
      case "AT+CSQ":
        return [line(`+CSQ: ${this.signal},0`), ok];
      case "AT+CREG?":
        return [line(`+CREG: 0,${this.registration}`), ok];
      case "AT+CSCA?":
        return [line('+CSCA: "+8613010761500",145'), ok];
      case "AT+CFUN=1,1":
        this.#restart();
        return [ok];
      default:
        // This one knows no LTE: AT+CEREG? is an error.
        return [line("ERROR")];
    }
  }

  #restart(): void {
    this.restarts++;
    this.#echo = true;
    this.#bootUntil = this.#o.clock.now() + BOOT;
    this.onRestart();
  }

  #submit(pdu: string, length: number): void {
    const message = parseSubmit(pdu);
    if (message === undefined || pdu.length !== (length + 1) * 2) {
      this.say("+CMS ERROR: 304");
      return;
    }
    const answer = this.network(message);
    if ("cms" in answer) {
      this.say(`+CMS ERROR: ${answer.cms}`);
    } else if ("silent" in answer) {
      if (answer.taken === true) this.messages.push(message);
    } else {
      this.messages.push(message);
      this.#reference = (this.#reference + 1) & 0xff;
      const reference = this.#reference;
      this.#later((answer.after ?? 0) + this.slow, () => this.say(`+CMGS: ${reference}\r\n\r\nOK`));
    }
  }

  #later(span: Micros, run: () => void): void {
    if (span === 0) {
      run();
      return;
    }
    const timer = this.#o.clock.after(span, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }
}
