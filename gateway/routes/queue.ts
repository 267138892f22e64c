import type { Micros } from "../../model/time.ts";
import type { AlarmEvent } from "../../rules/event.ts";
import type { Sending } from "../alerts/payload.ts";
import type { Lane } from "./lanes.ts";
import { LANES, URGENT } from "./lanes.ts";

/** An event that waits to be handed over, or is under way. */
export interface Waiting {
  readonly event: AlarmEvent;
  readonly sending: Sending;
  readonly lane: Lane;
  /** When it came, on the monotonic clock. */
  readonly since: Micros;
  /** It is over with: delivered, or in quarantine. */
  readonly settle: () => void;
  busy: boolean;
  /** Times the peer has answered it with an error of its own. */
  failed: number;
  /** When that first happened. */
  failedAt: Micros;
  /** Times the peer has refused it. */
  refused: number;
  /** After a refusal: not before this. */
  notBefore: Micros;
}

/** What has failed so often lets the others of its lane go first: it may be the one that the peer cannot digest. */
export const SUSPECT_FROM = 5;

/** What waits in front of one route, by lane, in order of arrival. Bounded by the windows of the lanes' outboxes. */
export class Queue {
  readonly #lanes = new Map<Lane, Set<Waiting>>(LANES.map((lane) => [lane, new Set()]));

  get size(): number {
    let size = 0;
    for (const lane of this.#lanes.values()) size += lane.size;
    return size;
  }

  add(waiting: Waiting): void {
    this.#lanes.get(waiting.lane)!.add(waiting);
  }

  delete(waiting: Waiting): void {
    this.#lanes.get(waiting.lane)!.delete(waiting);
  }

  /** Forgets everything: the alarm log has it. */
  clear(): void {
    for (const lane of this.#lanes.values()) lane.clear();
  }

  /** What may be taken now, the most severe lane first, each in order of arrival, suspects behind the others. */
  *free(now: Micros, lanes: readonly Lane[] = LANES): Generator<Waiting> {
    for (const lane of lanes) {
      const suspects: Waiting[] = [];
      for (const waiting of this.#lanes.get(lane)!) {
        if (waiting.busy || waiting.notBefore > now) continue;
        if (waiting.failed >= SUSPECT_FROM) suspects.push(waiting);
        else yield waiting;
      }
      yield* suspects;
    }
  }

  /** How many of the urgent lane are not under way. */
  get urgent(): number {
    let count = 0;
    for (const { busy } of this.#lanes.get(URGENT)!) if (!busy) count++;
    return count;
  }

  /** The first instant at which something that was refused may be tried again; undefined when there is none. */
  nextTry(now: Micros): Micros | undefined {
    let next: Micros | undefined;
    for (const lane of this.#lanes.values()) {
      for (const { busy, notBefore } of lane) {
        if (!busy && notBefore > now) next = Math.min(next ?? notBefore, notBefore);
      }
    }
    return next;
  }

  /** The earliest event of the same occurrence that is not over with; `waiting` itself when there is none before it. */
  first(waiting: Waiting): Waiting {
    let first = waiting;
    for (const lane of this.#lanes.values()) {
      for (const other of lane) {
        if (other.event.occurrence !== waiting.event.occurrence) continue;
        if (other.event.seq < first.event.seq) first = other;
      }
    }
    return first;
  }
}
