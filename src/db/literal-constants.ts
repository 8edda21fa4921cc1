import { type BinaryOperationNode, type OperationNode, PostgresQueryCompiler } from 'kysely';

/**
 * Columns in the conditions of partial indexes, with the values that the schema knows. Comparisons with them
 * use literals, not parameters: otherwise a generic plan (S15) could not use the index and would read the
 * whole table. `test/db/partial-indexes.test.ts` compares this with the database.
 */
export const literalColumns: Readonly<Record<string, readonly string[]>> = {
  state: [
    'active',
    'replaced',
    'removed',
    'waiting',
    'handed-over',
    'refused',
    'expired',
    'open',
    'approved',
    'done',
    'withdrawn',
  ],
  status: ['active', 'disabled'],
  model: ['Session', 'Interaction', 'Grant', 'AccessToken', 'RefreshToken', 'AuthorizationCode'],
};

interface Named {
  kind: string;
  column?: Named;
  name?: string;
}

/** The column name on one side of a comparison; undefined for anything else. */
function columnOf(node: OperationNode | Named | undefined): string | undefined {
  const { kind, column, name } = (node ?? {}) as Named;
  if (kind === 'IdentifierNode') return name;
  return kind === 'ReferenceNode' || kind === 'ColumnNode' ? columnOf(column) : undefined;
}

/** The values that a column is compared with, if all are constants of the schema. */
function constantsOf(column: string | undefined, node: OperationNode): readonly string[] | undefined {
  const known = literalColumns[column ?? ''];
  if (known === undefined) return undefined;
  const { kind, value, values } = node as unknown as { kind: string; value?: unknown; values?: unknown[] };
  const given =
    kind === 'ValueNode'
      ? [value]
      : kind === 'PrimitiveValueListNode'
        ? values
        : kind === 'ValueListNode'
          ? values?.map((one) => (one as { value?: unknown }).value)
          : undefined;
  const isKnown = (one: unknown): one is string => typeof one === 'string' && known.includes(one);
  return given?.length !== 0 && given?.every(isKnown) === true ? given : undefined;
}

/** Writes comparisons with constants of the schema as literals; everything else as Kysely does. */
export class LiteralConstantsCompiler extends PostgresQueryCompiler {
  protected override visitBinaryOperation(node: BinaryOperationNode): void {
    const constants = constantsOf(columnOf(node.leftOperand), node.rightOperand);
    if (constants === undefined) {
      super.visitBinaryOperation(node);
      return;
    }
    this.visitNode(node.leftOperand);
    this.append(' ');
    this.visitNode(node.operator);
    const isList = node.rightOperand.kind !== 'ValueNode';
    this.append(isList ? ' (' : ' ');
    for (const [index, constant] of constants.entries()) {
      if (index > 0) this.append(', ');
      this.appendImmediateValue(constant);
    }
    if (isList) this.append(')');
  }
}
