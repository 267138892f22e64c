/** What a module needs of a logger; pino's fits. Levels: model of docs/operations.md. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  /** Something is wrong and no data has been lost. */
  warn(fields: object, message: string): void;
  /** Data has been lost, or a person must act. */
  error(fields: object, message: string): void;
}

/** A logger that says nothing. */
export const SILENT: Log = { debug() {}, info() {}, warn() {}, error() {} };
