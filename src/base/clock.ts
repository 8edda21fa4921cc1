/**
 * The node's own clock. It dates logs and display only: what expires or is limited is decided by
 * the database's clock (control C06), so that one node with a wrong clock cannot stretch a code.
 */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();
