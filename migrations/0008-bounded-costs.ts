/**
 * Bounds what a single look at the calendar costs (S12): `desk_opening` was estimated at 10^14, since the
 * planner knows neither how many days it asks for nor how many hours a day has, and a stock Postgres compiled
 * it (JIT) at every call. The answers are the same; `or replace` keeps the release before this one serving.
 * Then indexes by which expired rows are found, each kind by its own.
 */
export const steps = [
  {
    transaction: [
      // PL/pgSQL is planned once a connection and never inlined, so that the caller's plan rests on ROWS and
      // COST alone. Every part is bounded by a key: an estimate without statistics is as good as one with them.
      `create or replace function desk_hours(first_day date, last_day date)
        returns table (day date, opens timestamptz, closes timestamptz)
        language plpgsql stable rows 100 cost 2000 set jit = off as $$
        #variable_conflict use_column
        begin
          return query
            with calendar as materialized (select c.time_zone, c.weekly from desk_calendar c where c.id),
            days as materialized (
              select first_day + n as day, extract(isodow from first_day + n)::integer as weekday, s.kind, s.opens, s.closes
              from generate_series(0, last_day - first_day) n
              left join lateral (select d.kind, d.opens, d.closes from desk_days d
                where d.day = to_char(first_day + n, 'YYYY-MM-DD')
                order by (d.source = 'operator') desc limit 1) s on true),
            weekly as materialized (
              select (h ->> 'weekday')::integer as weekday, h ->> 'opens' as opens, h ->> 'closes' as closes
              from calendar c cross join lateral jsonb_array_elements(c.weekly) h),
            decided as (
              select d.day, d.opens, d.closes from days d where d.kind = 'open'
              union all
              select d.day, w.opens, w.closes from days d join weekly w on w.weekday = d.weekday where d.kind is null)
            select d.day, (d.day + d.opens::time) at time zone c.time_zone,
              (d.day + d.closes::time) at time zone c.time_zone
            from decided d cross join calendar c
            order by 2;
        end $$`,
      `create or replace function desk_opening(at timestamptz)
        returns table (open boolean, closes timestamptz, next_opens timestamptz)
        language plpgsql stable rows 1 cost 5000 set jit = off as $$
        #variable_conflict use_column
        declare today date := (select (at at time zone c.time_zone)::date from desk_calendar c where c.id);
        begin
          if today is null then return; end if;
          return query
            with hours as (
              -- a clock put forward may leave some hours empty
              select h.opens, h.closes, max(h.closes) over (order by h.opens, h.closes
                rows between unbounded preceding and 1 preceding) as earlier
              from desk_hours(today, today + 60) h where h.opens < h.closes),
            numbered as (
              -- hours that follow others without a gap go on with them
              select h.opens, h.closes, count(*) filter (where h.earlier is null or h.earlier < h.opens)
                over (order by h.opens, h.closes) as stretch
              from hours h),
            stretches as materialized (
              select min(n.opens) as opens, max(n.closes) as closes from numbered n group by n.stretch),
            present as materialized (select s.closes from stretches s where s.opens <= at and at < s.closes)
            select exists (select from present),
              -- null where it stays open for more than two weeks
              (select p.closes from present p where p.closes < at + interval '14 days'),
              (select min(s.opens) from stretches s where s.opens > at);
        end $$`,
      `create or replace function desk_is_open_to(staff text, at timestamptz) returns boolean language sql stable as $$
        select desk_is_open(at) and not exists (select from audit_events e
          where e.event in ('desk.day-set', 'desk.day-removed')
            and e.details ->> 'day' =
              (select to_char(at at time zone c.time_zone, 'YYYY-MM-DD') from desk_calendar c where c.id)
            and (e.event = 'desk.day-removed' or e.details ->> 'kind' = 'open') and e.actor = staff) $$`,
    ],
  },
  // What was computed from the calendar holds while its version stays: a page that anybody can ask for looks up
  // this number, and no more. Both tables have too few rows for autovacuum ever to look at them of its own accord.
  {
    transaction: [
      `alter table desk_calendar add column version integer not null default 0,
        set (autovacuum_analyze_threshold = 1, autovacuum_analyze_scale_factor = 0)`,
      `create function desk_calendar_changes() returns trigger language plpgsql as $$
        begin new.version := old.version + 1; return new; end $$`,
      `create trigger desk_calendar_version before update on desk_calendar
        for each row execute function desk_calendar_changes()`,
      'analyze desk_calendar',
    ],
  },
  {
    transaction: [
      'alter table desk_days set (autovacuum_analyze_threshold = 1, autovacuum_analyze_scale_factor = 0)',
      `create function desk_days_change() returns trigger language plpgsql as $$
        begin update desk_calendar set version = version where id; return null; end $$`,
      `create trigger desk_days_version after insert or update or delete or truncate on desk_days
        for each statement execute function desk_days_change()`,
      'analyze desk_days',
    ],
  },
  // Expired rows are found by these. The index on all of oidc_payloads goes a release later: the one before needs it.
  {
    concurrently: `create index concurrently oidc_payloads_interactions_over on oidc_payloads (expires_at)
      where model = 'Interaction'`,
  },
  {
    concurrently: `create index concurrently oidc_payloads_over on oidc_payloads (expires_at)
      where model <> 'Interaction'`,
  },
  { concurrently: 'create index concurrently ended_sessions_ended_at on ended_sessions (ended_at)' },
  {
    concurrently:
      'create index concurrently browser_sessions_last_seen_at on browser_sessions (last_seen_at)',
  },
  { concurrently: 'create index concurrently known_browsers_last_seen_at on known_browsers (last_seen_at)' },
  { concurrently: 'create index concurrently mails_created_at on mails (created_at)' },
];
