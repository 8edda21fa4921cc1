/** Seconds that a proof stays good for changing the second factor on the own page (R16). */
export const freshSeconds = 300;
