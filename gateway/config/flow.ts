/** A value as it would stand in a YAML file, on one line; for examples and hints. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${flow(item)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  // Inside brackets a comma would end the text, and a colon begin a value.
  if (typeof value === "string" && /[,{}[\]]|: /.test(value)) return JSON.stringify(value);
  return String(value);
}
