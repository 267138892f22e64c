/** A payload that is not what its profile declares. Caught where payloads arrive; never leaves the driver. */
export class PayloadError extends Error {}
