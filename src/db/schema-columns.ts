import type { ColumnType } from 'kysely';

/** `now()` unless an insert says otherwise. */
export type Timestamp = ColumnType<Date, Date | string | undefined, Date | string>;
/** Has no default: an insert sets it, best as an expression of the database's own clock. */
export type GivenTimestamp = ColumnType<Date, Date | string, Date | string>;
export type NullableTimestamp = ColumnType<
  Date | null,
  Date | string | null | undefined,
  Date | string | null
>;
/** `bigint` arrives as text from one driver and as a number from the other: cast to int in the query. */
export type BigInteger = ColumnType<string | number | bigint, number, number>;
