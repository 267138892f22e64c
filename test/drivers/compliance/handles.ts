/** What keeps a process busy now, by kind: sockets, servers, timers. */
export function handles(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Of what a driver could leave behind: what is there now and was not before. */
export function leftBehind(before: ReadonlyMap<string, number>): string[] {
  return [...handles()]
    .filter(
      ([kind, count]) => /TCP|UDP|Pipe|TTY|Worker|MessagePort/.test(kind) && count > (before.get(kind) ?? 0),
    )
    .map(([kind, count]) => `${count - (before.get(kind) ?? 0)} ${kind}`);
}
