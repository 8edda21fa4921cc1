/** The trial cannot start as things are; the message says why and what to do, in one line. */
export class TrialRefusedError extends Error {}
