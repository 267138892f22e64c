import type { Point } from "../../../model/site.ts";
import type { Language } from "../../../model/text.ts";
import type { EventMessage } from "../../alerts/message-schemas.ts";
import type { CapOptions } from "./options.ts";
import { element, leaf, type Xml } from "./xml.ts";

/** Where an alarm is: its place in words, as a polygon or a circle where that is known, and codes. Latitude comes first. */
export function areaOf(about: {
  readonly point: Point | undefined;
  readonly message: EventMessage;
  readonly options: CapOptions;
  readonly language: Language;
}): Xml {
  const { point, message, options, language } = about;
  const own = point === undefined ? undefined : options.areas[point.id];
  const address = message.where.location.address?.[language];
  const where = message.where.text[language];
  const geocodes = Object.entries({ ...options.geocode, ...own?.geocode });
  return element(
    "area",
    leaf("areaDesc", address === undefined ? where : `${where}, ${address}`),
    leaf("polygon", own?.polygon === undefined ? undefined : ring(own.polygon)),
    leaf("circle", own?.polygon === undefined ? circle(point, own?.radius ?? options.radius) : undefined),
    ...geocodes.map(([name, value]) => element("geocode", leaf("valueName", name), leaf("value", value))),
  );
}

/** `lat,lon lat,lon …`, the first again at the end. */
function ring(corners: readonly (readonly [number, number])[]): string {
  const pairs = corners.map(([longitude, latitude]) => `${latitude},${longitude}`);
  if (pairs.at(-1) !== pairs[0]) pairs.push(pairs[0]!);
  return pairs.join(" ");
}

function circle(point: Point | undefined, radius: number): string | undefined {
  const { longitude, latitude } = point?.location ?? {};
  return longitude === undefined || latitude === undefined ? undefined : `${latitude},${longitude} ${radius}`;
}
