/**
 * Cases of an ID that is nobody's kept what was typed, which can be a password in the wrong field. From here on they
 * keep a keyed digest (src/desk/typed-id.ts); of what is there, nothing is kept.
 */
export const steps = [
  {
    batches: `with batch as (
        select id from desk_cases where id > coalesce($1::text, '') and account_id is null order by id limit 500),
      cleared as (
        update desk_cases c set login_id = '?' from batch b where c.id = b.id and c.login_id <> '?')
      select max(id)::text from batch`,
  },
];
