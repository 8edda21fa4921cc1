/** What a file last said (S3), and accounts whose day has come (S5). */
export const steps = [
  {
    transaction: [
      `create table import_memory (
        account_id text primary key references accounts on delete cascade,
        -- a keyed digest for each column of the file
        said jsonb not null,
        password_said_at timestamptz,
        said_at timestamptz not null default now()
      )`,
    ],
  },
  // When the directory's date has ended it: disabled by that alone, and open again where the date moves.
  { transaction: ['alter table accounts add column ended_at timestamptz'] },
  {
    concurrently: `create index concurrently accounts_to_end on accounts (ends_at)
      where status = 'active' and ends_at is not null`,
  },
  {
    concurrently: `create index concurrently accounts_ended on accounts (ends_at) where ended_at is not null`,
  },
  // The import asks for factors in every state: one that was removed must not come back with an old file.
  { concurrently: 'create index concurrently mail_factors_account on mail_factors (account_id)' },
  { concurrently: 'create index concurrently app_factors_any_state on app_factors (account_id)' },
];
