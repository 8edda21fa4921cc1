import type { KyselyPlugin } from 'kysely';
import type { Db } from '../../src/db/open.ts';

/** A node whose connection to the database breaks in the middle of what it does. */
export interface Breakdown {
  /** The node's handle. */
  db: Db;
  /** From here on the connection holds for so many statements, and then no longer. */
  after(statements: number): void;
  repair(): void;
  /** Whether it broke since it was last told to. */
  happened(): boolean;
}

export function breakingDown(db: Db): Breakdown {
  let left = Number.POSITIVE_INFINITY;
  let happened = false;
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      left -= 1;
      if (left < 0) {
        happened = true;
        // As Postgres ends connections when it is shut down.
        throw Object.assign(new Error('terminating connection'), { code: '57P01' });
      }
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return {
    db: db.withPlugin(plugin),
    after(statements) {
      left = statements;
      happened = false;
    },
    repair() {
      left = Number.POSITIVE_INFINITY;
    },
    happened: () => happened,
  };
}
