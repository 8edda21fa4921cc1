/**
 * The node's own clock. It is for log and display times only: the database's clock decides what expires or is
 * limited (control C06), so that one node with a wrong clock cannot extend a code.
 */
export type Clock = () => Date;

export const systemClock: Clock = () => new Date();
