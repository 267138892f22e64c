/*
 * Maps in China show positions in GCJ-02 (国测局坐标, AMap and Tencent) or BD-09 (百度坐标), both shifted against WGS-84 by
 * some hundred metres. Inside Tocsin everything is WGS-84; CGCS2000 agrees with it within centimetres.
 *
 * GCJ-02 was never published. The formula here is the one that has been public since 2010 and that every map library uses
 * (eviltransform, coordtransform, PostGIS scripts; described in Wikipedia, "Restrictions on geographic data in China");
 * BD-09 is the formula of the same sources. Against the maps' own services both agree within about a metre.
 */

/** How a longitude and latitude in a site file are meant. */
export const COORDINATE_SYSTEMS = ["wgs84", "cgcs2000", "gcj02", "bd09"] as const;
export type CoordinateSystem = (typeof COORDINATE_SYSTEMS)[number];

/** Degrees, east and north positive. */
export interface Coordinates {
  readonly longitude: number;
  readonly latitude: number;
}

/** Krasovsky 1940: semi-major axis in metres and the square of the eccentricity, on which GCJ-02 is built. */
const AXIS = 6_378_245;
const ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943;
const RADIANS = Math.PI / 180;
/** BD-09 turns with this many periods a degree, and then shifts by fixed amounts. */
const BD_PERIOD = (Math.PI * 3_000) / 180;
const BD_SHIFT_LONGITUDE = 0.0065;
const BD_SHIFT_LATITUDE = 0.006;

/** The rectangle in which GCJ-02 is shifted; beyond it the maps show WGS-84. */
function isShifted({ longitude, latitude }: Coordinates): boolean {
  return longitude >= 72.004 && longitude <= 137.8347 && latitude >= 0.8293 && latitude <= 55.8271;
}

function waves(x: number): number {
  return ((20 * Math.sin(6 * x * Math.PI) + 20 * Math.sin(2 * x * Math.PI)) * 2) / 3;
}

function northing(x: number, y: number): number {
  const base = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * Math.sqrt(Math.abs(x));
  const slow = ((20 * Math.sin(y * Math.PI) + 40 * Math.sin((y / 3) * Math.PI)) * 2) / 3;
  const slower = ((160 * Math.sin((y / 12) * Math.PI) + 320 * Math.sin((y * Math.PI) / 30)) * 2) / 3;
  return base + waves(x) + slow + slower;
}

function easting(x: number, y: number): number {
  const base = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * Math.sqrt(Math.abs(x));
  const slow = ((20 * Math.sin(x * Math.PI) + 40 * Math.sin((x / 3) * Math.PI)) * 2) / 3;
  const slower = ((150 * Math.sin((x / 12) * Math.PI) + 300 * Math.sin((x / 30) * Math.PI)) * 2) / 3;
  return base + waves(x) + slow + slower;
}

/** WGS-84 to what AMap and Tencent show. Outside China unchanged. */
export function wgs84ToGcj02(at: Coordinates): Coordinates {
  if (!isShifted(at)) return at;
  const x = at.longitude - 105;
  const y = at.latitude - 35;
  const sine = Math.sin(at.latitude * RADIANS);
  const magic = 1 - ECCENTRICITY_SQUARED * sine * sine;
  const root = Math.sqrt(magic);
  const metresNorth = (AXIS * (1 - ECCENTRICITY_SQUARED)) / (magic * root);
  const metresEast = (AXIS / root) * Math.cos(at.latitude * RADIANS);
  return {
    longitude: at.longitude + easting(x, y) / (metresEast * RADIANS),
    latitude: at.latitude + northing(x, y) / (metresNorth * RADIANS),
  };
}

/** The shift changes by less than a ten-thousandth of the distance, so that each round gains four digits. */
const ROUNDS = 5;

/** GCJ-02 to WGS-84, by fixed-point iteration on the forward formula (within a millimetre of it). */
export function gcj02ToWgs84(at: Coordinates): Coordinates {
  let { longitude, latitude } = at;
  for (let round = 0; round < ROUNDS; round++) {
    const shown = wgs84ToGcj02({ longitude, latitude });
    longitude += at.longitude - shown.longitude;
    latitude += at.latitude - shown.latitude;
  }
  return { longitude, latitude };
}

/** GCJ-02 to what Baidu shows. */
export function gcj02ToBd09(at: Coordinates): Coordinates {
  const radius = Math.hypot(at.longitude, at.latitude) + 0.000_02 * Math.sin(at.latitude * BD_PERIOD);
  const angle = Math.atan2(at.latitude, at.longitude) + 0.000_003 * Math.cos(at.longitude * BD_PERIOD);
  return {
    longitude: radius * Math.cos(angle) + BD_SHIFT_LONGITUDE,
    latitude: radius * Math.sin(angle) + BD_SHIFT_LATITUDE,
  };
}

/** BD-09 to GCJ-02, by fixed-point iteration on the forward formula. */
export function bd09ToGcj02(at: Coordinates): Coordinates {
  let longitude = at.longitude - BD_SHIFT_LONGITUDE;
  let latitude = at.latitude - BD_SHIFT_LATITUDE;
  for (let round = 0; round < ROUNDS; round++) {
    const shown = gcj02ToBd09({ longitude, latitude });
    longitude += at.longitude - shown.longitude;
    latitude += at.latitude - shown.latitude;
  }
  return { longitude, latitude };
}

/** Any of the systems a site file may use, to WGS-84. */
export function toWgs84(at: Coordinates, system: CoordinateSystem): Coordinates {
  switch (system) {
    case "wgs84":
    case "cgcs2000":
      return { longitude: at.longitude, latitude: at.latitude };
    case "gcj02":
      return gcj02ToWgs84(at);
    case "bd09":
      return gcj02ToWgs84(bd09ToGcj02(at));
  }
}

/** Mean radius of the earth, metres (IUGG). */
const EARTH_RADIUS = 6_371_008.8;

/** Great-circle distance in metres (haversine). */
export function distance(a: Coordinates, b: Coordinates): number {
  const north = (b.latitude - a.latitude) * RADIANS;
  const east = (b.longitude - a.longitude) * RADIANS;
  const h =
    Math.sin(north / 2) ** 2 +
    Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * Math.sin(east / 2) ** 2;
  return 2 * EARTH_RADIUS * Math.asin(Math.min(1, Math.sqrt(h)));
}
