import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { everythingRequired } from "../servers/required.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A file system of its own that a test can fill to the last byte. */
export interface SmallDisk extends Disposable {
  readonly path: string;
  join(...parts: string[]): string;
  /** Somebody else fills it. */
  fill(): void;
  /** Somebody else makes room again. */
  empty(): void;
}

/** Mounts a `tmpfs` of so many MiB; needs root. */
export function smallDisk(mebibytes: number): SmallDisk {
  const folder = temporaryFolder("small-disk");
  mount(folder.path, mebibytes);
  const ballast = folder.join("ballast");
  return {
    path: folder.path,
    join: folder.join,
    fill: () => {
      try {
        writeFileSync(ballast, Buffer.alloc(mebibytes * 2 ** 20));
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code === "ENOSPC") return;
        throw thrown;
      }
      throw new Error("the disk took more than it holds");
    },
    empty: () => rmSync(ballast),
    [Symbol.dispose]: () => {
      execFileSync("umount", ["-l", folder.path]);
      folder.remove();
    },
  };
}

/**
 * Whether this machine lets us mount no file system: `describe.skipIf(cannotMount())`.
 *
 * @throws {Error} when it does not and `TOCSIN_REQUIRE_SERVERS=1`.
 */
export function cannotMount(): boolean {
  try {
    smallDisk(1)[Symbol.dispose]();
    return false;
  } catch (cause) {
    if (everythingRequired())
      throw new Error("this test needs to mount a tmpfs: run it as root, in a container with CAP_SYS_ADMIN", {
        cause,
      });
    process.stderr.write("Left out: tests with a full disk (mounting a tmpfs needs root)\n");
    return true;
  }
}

function mount(path: string, mebibytes: number): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", path], { stdio: "ignore" });
}
