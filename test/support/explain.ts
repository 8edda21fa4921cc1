import pg from 'pg';

/** A node of a plan, as `explain (format json)` tells it. */
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Total Cost': number;
  Filter?: string;
  Plans?: PlanNode[];
}

/** One plan: what the planner expects it to cost, and the tables that it reads whole. */
export interface Explained {
  cost: number;
  /** Each with its filter, for the message of a test. */
  readWhole: { table: string; filter: string }[];
  jit: boolean;
}

interface ExplainedJson {
  Plan: PlanNode;
  JIT?: unknown;
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function read({ Plan, JIT }: ExplainedJson): Explained {
  const nodes = nodesOf(Plan);
  return {
    cost: Plan['Total Cost'],
    readWhole: nodes
      .filter((node) => node['Node Type'] === 'Seq Scan')
      .map((node) => ({ table: node['Relation Name'] ?? '', filter: node.Filter ?? '' })),
    jit: JIT !== undefined,
  };
}

/** A session with the server's own settings, and none of Nijo's. */
export async function stockSession(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** The plan of a statement for any parameters, as a prepared statement of Nijo has it. */
export async function explainGeneric(client: pg.Client, statement: string): Promise<Explained> {
  const { rows } = await client.query<{ 'QUERY PLAN': [ExplainedJson] }>(
    `explain (generic_plan, format json) ${statement}`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('no plan');
  return read(row['QUERY PLAN'][0]);
}

/**
 * The plans of everything that a statement makes the server do, inside functions and triggers too.
 * The session has to be a superuser's.
 */
export async function explainNested(client: pg.Client, statement: string): Promise<Explained[]> {
  const plans: Explained[] = [];
  const listen = ({ message }: { message?: string | undefined }): void => {
    const json = /plan:\s*(\{[\s\S]*\})/.exec(message ?? '')?.[1];
    if (json !== undefined) plans.push(read(JSON.parse(json) as ExplainedJson));
  };
  await client.query(`load 'auto_explain'`);
  await client.query(`set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on;
    set auto_explain.log_format = json; set auto_explain.log_level = notice; set client_min_messages = notice`);
  client.on('notice', listen);
  try {
    await client.query(statement);
  } finally {
    client.off('notice', listen);
    await client.query('set auto_explain.log_min_duration = -1');
  }
  return plans;
}
