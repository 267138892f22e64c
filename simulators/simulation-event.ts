import type { Text } from "../model/text.ts";
import type { Micros } from "../model/time.ts";

/** Something to tell the person who watches. */
export type SimulationEvent =
  | { readonly kind: "say"; readonly at: Micros; readonly cycle: number; readonly text: Text }
  | {
      readonly kind: "fault";
      readonly at: Micros;
      readonly cycle: number;
      /** Key of whom it befalls. */
      readonly on: string;
      readonly fault: string;
      readonly begins: boolean;
      readonly text: Text;
    }
  | { readonly kind: "repeat"; readonly at: Micros; readonly cycle: number }
  | { readonly kind: "end"; readonly at: Micros; readonly cycle: number }
  | { readonly kind: "connection"; readonly at: Micros; readonly device: string; readonly connected: boolean }
  | { readonly kind: "trouble"; readonly at: Micros; readonly where: string; readonly words: string };
