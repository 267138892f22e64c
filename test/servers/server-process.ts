import { setTimeout as pause } from "node:timers/promises";
import { type Child, startChild } from "../support/child.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";

/** Cold starts of several servers on a busy two-core machine. */
const startDeadlineMs = 30_000;

const attempts = 5;

/** A port that is wanted again may be held for a moment by an outgoing connection of somebody else. */
const retryPauseMs = 200;

const portTaken = /address already in use|EADDRINUSE/i;

/** What {@link ServerProcess} has to know of a program. */
export interface ServerPlan {
  name: string;
  /** How many ports of the loopback it binds. */
  ports: number;
  /** The command for these ports; may write a configuration file first. */
  command(ports: readonly number[]): { command: string; args: string[] };
  /** The line of its own output that says it has bound: an answer alone could be another program's, on a port lost to it. */
  bound: RegExp;
  /** Whether it answers a real request; throwing counts as not yet. */
  answers(ports: readonly number[]): Promise<boolean>;
}

/** A foreign server that runs for a test, on free ports of the loopback that it keeps over restarts. */
export class ServerProcess {
  readonly #plan: ServerPlan;
  #child: Child | undefined;
  #ports: number[] = [];

  private constructor(plan: ServerPlan) {
    this.#plan = plan;
  }

  /**
   * Starts it and waits until it answers.
   *
   * @throws {Error} with the last lines it wrote, when it ends or does not answer in time.
   */
  static async start(plan: ServerPlan): Promise<ServerProcess> {
    const server = new ServerProcess(plan);
    await server.start();
    return server;
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error(`${this.#plan.name} was never started`);
    return this.#child;
  }

  /** The port with this position in the plan. */
  port(position = 0): number {
    const port = this.#ports[position];
    if (port === undefined) throw new Error(`${this.#plan.name} has no port ${position}`);
    return port;
  }

  get running(): boolean {
    return this.#child?.running === true;
  }

  /** The last lines it wrote. */
  tail(): string {
    return this.child.tail();
  }

  /** Starts it (again, on the same ports) and waits until it answers; nothing happens when it is running. */
  async start(): Promise<void> {
    if (this.running) return;
    const keepPorts = this.#ports.length > 0;
    for (let attempt = 1; ; attempt++) {
      if (!keepPorts) this.#ports = await Promise.all(Array.from({ length: this.#plan.ports }, freePort));
      const { command, args } = this.#plan.command(this.#ports);
      const child = startChild(command, args);
      this.#child = child;
      try {
        await this.#answering(child);
        return;
      } catch (failure) {
        await child.kill();
        if (attempt < attempts && child.lines().some((line) => portTaken.test(line))) {
          await pause(retryPauseMs);
          continue;
        }
        throw failure;
      }
    }
  }

  /** Ends it in good order, by force after five seconds. {@link start} brings it back with its ports. */
  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  /** Ends it at once, as a power cut would. */
  async kill(): Promise<void> {
    await this.#child?.kill();
  }

  /** Stops it in good order and starts it again on the same ports. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Freezes it: its sockets stay open and nobody answers. */
  pause(): void {
    this.child.signal("SIGSTOP");
  }

  /** Ends {@link pause}. */
  resume(): void {
    this.child.signal("SIGCONT");
  }

  async #answering(child: Child): Promise<void> {
    await child.waitForLine(this.#plan.bound, startDeadlineMs);
    await until(`${this.#plan.name} answers`, () => !child.running || this.#plan.answers(this.#ports), {
      withinMs: startDeadlineMs,
      detail: () => child.tail(),
    });
    if (!child.running) throw new Error(`${this.#plan.name} ended while starting\n${child.tail()}`);
  }
}
