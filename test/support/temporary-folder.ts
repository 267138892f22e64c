import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const present = new Set<string>();

/** A fresh folder, removed with all that is in it when the test (or, at the latest, its process) ends. */
export interface TemporaryFolder extends Disposable {
  readonly path: string;
  /** The path of something inside. */
  join(...parts: string[]): string;
  /** Removes it now; safe to call twice. */
  remove(): void;
}

/**
 * Makes a fresh folder under the system's temporary one. `using folder = temporaryFolder("journal")` removes it at
 * the end of the block.
 */
export function temporaryFolder(name: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `tocsin-${name}-`));
  if (present.size === 0) process.once("exit", removeAll);
  present.add(path);
  const remove = () => {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    present.delete(path);
    if (present.size === 0) process.off("exit", removeAll);
  };
  return { path, join: (...parts) => join(path, ...parts), remove, [Symbol.dispose]: remove };
}

function removeAll(): void {
  for (const path of present) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}
