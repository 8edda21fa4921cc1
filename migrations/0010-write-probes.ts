/**
 * What a node writes to find out whether a sign-in could be written down (S25). Rows live for seconds. `padding` is
 * kept as it is, in the row: it is what makes the table grow by a page now and then, which a full disk refuses.
 */
export const steps = [
  {
    transaction: [
      `create table write_probes (
        at timestamptz not null default clock_timestamp(),
        padding text not null default ''
      )`,
      'alter table write_probes alter column padding set storage plain',
    ],
  },
];
