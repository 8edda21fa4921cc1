/** Known browsers are found by their cookie alone (S13); which database this is, so that a restored one is noticed (S27). */
export const steps = [
  { concurrently: 'create index concurrently known_browsers_browser on known_browsers (browser)' },
  {
    transaction: [
      `create table installation (
        -- one row
        id boolean primary key default true check (id),
        -- the cluster's identifier and the database's: a dump that is restored elsewhere brings this row along
        place text,
        noted_at timestamptz not null default now(),
        -- when what a restore had brought back was ended, and when the directory's state came in since
        restored_at timestamptz,
        directory_at timestamptz
      )`,
    ],
  },
];
