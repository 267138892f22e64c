import { type IStore, Store } from "mqtt";

/**
 * Messages that a device has sent and that are not acknowledged. The library sends them again after a reconnection but
 * does not mark them; MQTT 3.1.1 (3.3.1.1) wants DUP set, so what is kept here has it. Outlives the connection.
 */
export class UnacknowledgedStore extends Store {
  #size = 0;

  constructor() {
    super({ clean: false });
  }

  /** Messages that wait for their acknowledgement. */
  get size(): number {
    return this.#size;
  }

  override put(...[packet, done]: Parameters<IStore["put"]>): this {
    this.#size++;
    return super.put(packet.cmd === "publish" ? { ...packet, dup: true } : packet, done);
  }

  override del(...[packet, done]: Parameters<IStore["del"]>): this {
    return super.del(packet, (failure, removed) => {
      if (failure === undefined || failure === null) this.#size--;
      done(failure, removed);
    });
  }
}
