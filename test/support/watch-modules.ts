import { appendFileSync } from "node:fs";
import { registerHooks } from "node:module";

/*
 * Preloaded (`--import`) into a program whose modules somebody wants to know: writes the address of each, as it is loaded, to the
 * file that LOADED_MODULES names. Threads of the program write to the same file.
 */

const file = process.env.LOADED_MODULES;
if (file !== undefined) {
  registerHooks({
    load: (url, context, next) => {
      appendFileSync(file, `${url}\n`);
      return next(url, context);
    },
  });
}
