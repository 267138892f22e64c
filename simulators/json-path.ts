import type { Path } from "../drivers/payload/path.ts";

/** A JSON value that is being put together. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Puts a value at a path and returns the whole; objects and arrays on the way are made. */
export function putAt(root: Json | undefined, path: Path, value: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof key === "number") {
    const array = Array.isArray(root) ? root : [];
    while (array.length < key) array.push(null);
    array[key] = putAt(array[key], rest, value);
    return array;
  }
  const object: { [key: string]: Json } =
    typeof root === "object" && root !== null && !Array.isArray(root) ? root : {};
  object[key] = putAt(object[key], rest, value);
  return object;
}
