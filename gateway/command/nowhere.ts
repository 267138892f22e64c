import type { Intake } from "../../drivers/driver.ts";

/** An intake that keeps nothing, and therefore never allows an acknowledgement. */
export class Nowhere implements Intake {
  readonly durable = -1;
  readonly congested = false;
  #ticket = 0;

  enter(): number {
    return this.#ticket++;
  }

  accept(): Promise<number> {
    return new Promise(() => {});
  }

  onDurable(): () => void {
    return () => {};
  }

  onRelieved(): () => void {
    return () => {};
  }

  isRepeat(): boolean {
    return false;
  }

  linkHealth(): void {}
  deviceHealth(): void {}
  decoderHealth(): void {}
  quarantine(): void {}
}
