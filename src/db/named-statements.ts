import { createHash } from 'node:crypto';
import type { PoolClient } from 'pg';

// Hand-written statements number some hundred. Any beyond this limit (such as lists of varying length) are
// sent without a name rather than filling every connection with plans.
const mostNames = 300;

/**
 * Names each statement with parameters, so that a connection parses and plans it once: planning costs several
 * times what these look-ups cost (docs/performance.md).
 */
export function createStatementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= mostNames) return known;
    const name = createHash('sha1').update(text).digest('base64url');
    names.set(text, name);
    return name;
  };
}

type Query = (...values: unknown[]) => unknown;

/** A client's `query` that names the statements it sends. */
export function naming(client: PoolClient, nameOf: (text: string) => string | undefined): Query {
  const query = client.query.bind(client) as Query;
  return (...given) => {
    const [text, values] = given;
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return query(...given);
    const name = nameOf(text);
    return name === undefined ? query(...given) : query({ name, text, values });
  };
}
