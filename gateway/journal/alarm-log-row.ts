import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { AlarmEvent } from "../../rules/event.ts";
import { damaged } from "./bytes.ts";
import { parsePlain } from "./plain.ts";

const ALARM_LOG_FILE = "alarms.db";

/** Path of the file. */
export function alarmLogPath(folder: string): string {
  return join(folder, ALARM_LOG_FILE);
}

/** The event of a row with `seq`, `crc` and `body`. @throws HostError JOURNAL_DAMAGED */
export function parseEvent(row: Record<string, unknown>): AlarmEvent {
  const body = String(row.body);
  if (crc32(body) !== row.crc) throw damaged(`alarm event ${String(row.seq)} has another checksum`);
  return parsePlain(body) as AlarmEvent;
}
