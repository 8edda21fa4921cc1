/** The trial cannot start; the message says why and what to do, in one line. */
export class TrialRefusedError extends Error {}
