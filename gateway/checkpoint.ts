import type { Micros } from "../model/time.ts";
import { Engine } from "../rules/engine.ts";
import type { AlarmEvent } from "../rules/event.ts";
import { Timeliness } from "../rules/timeliness.ts";
import type { Configuration } from "./configuration.ts";
import { RepeatMemory } from "./intake/repeat-memory.ts";
import { Restoration } from "./intake/restore.ts";
import type { Journal } from "./journal/journal.ts";

/** What a checkpoint holds: the state of everything that is a function of the journal. */
export interface Checkpoint {
  /** Revision of the configuration that led to it. */
  readonly revision: string;
  readonly engine: ReturnType<Engine["checkpoint"]>;
  readonly timeliness: ReturnType<Timeliness["checkpoint"]>;
}

/** What a gateway begins with. */
export interface RestoredRules {
  readonly engine: Engine;
  readonly timeliness: Timeliness;
  readonly repeats: RepeatMemory;
  readonly lastReceived: Micros;
  /** Until this is called, events are those of the past and go nowhere. */
  readonly connect: (emit: (event: AlarmEvent) => void) => void;
}

/** What has to be written down now. */
export function checkpointOf(
  revision: string,
  { engine, timeliness }: { engine: Engine; timeliness: Timeliness },
): Checkpoint {
  return { revision, engine: engine.checkpoint(), timeliness: timeliness.checkpoint() };
}

/** Rules and alarms as they stood: the checkpoint, and the journal behind it through the live code. */
export async function restoreRules(configuration: Configuration, journal: Journal): Promise<RestoredRules> {
  const { site, rules, alarms, lifeCycle, cases } = configuration;
  let emit: (event: AlarmEvent) => void = () => {};
  const engine = new Engine({
    site,
    rules,
    settings: alarms,
    lifeCycle,
    cases,
    emit: (event) => emit(event),
  });
  const timeliness = new Timeliness(site, { futureBound: alarms.futureBound });
  const repeats = new RepeatMemory();
  const { checkpoint, identities } = journal.recovery;
  let lastReceived = 0;
  const state = checkpoint?.state as Checkpoint | undefined;
  const after = checkpoint?.sequence ?? -1;
  const foreign = await isForeign(journal, { after, revision: state?.revision }, site.revision);
  if (state !== undefined) {
    // After a clean stop nothing lies behind the checkpoint; its time counts all the same, or the rules' clock would stand still
    // until a wall clock that was set back has caught up.
    lastReceived = state.engine.now ?? 0;
    // Alarms and timers that have gone on since under another configuration are not those of the checkpoint any more.
    const { now, boot, stream, channels, outside, cases } = state.engine;
    // What comes from outside is not made by rules; a case is people's, and no configuration ends it.
    const others = {
      ...(outside === undefined ? {} : { outside }),
      ...(cases === undefined ? {} : { cases }),
    };
    const kept = { now, boot, stream, channels, ...others };
    engine.restore(foreign ? { ...engine.checkpoint(), ...kept } : state.engine);
    timeliness.restore(state.timeliness);
  }
  for (const [i, at] of identities.received.entries()) {
    repeats.remember(identities.high[i]!, identities.low[i]!, at);
  }
  const channelOf = new Map(Array.from(journal.series, (series, channel) => [series, channel] as const));
  const restoration = new Restoration({ engine, timeliness, repeats, channelOf });
  for await (const page of journal.tail(after)) {
    if (foreign) restoration.foreign(page);
    else restoration.page(page);
  }
  return {
    engine,
    timeliness,
    repeats,
    lastReceived: Math.max(lastReceived, restoration.restored.lastReceived),
    connect: (target) => {
      emit = target;
    },
  };
}

/** Whether anything behind the checkpoint was evaluated under another configuration than today's. */
async function isForeign(
  journal: Journal,
  from: { after: number; revision: string | undefined },
  revision: string,
): Promise<boolean> {
  let then = from.revision;
  for await (const page of journal.tail(from.after)) {
    for (const { input } of page.inputs) if (input.kind === "boot") then = input.revision;
    if (then !== undefined && then !== revision) return true;
  }
  return false;
}
