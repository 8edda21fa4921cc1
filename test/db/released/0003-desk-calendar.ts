import { type Kysely, sql } from 'kysely';

/** The support centre's calendar (R41, R42, R51): the one place that says when it is open. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // What the weekly hours are comes from the configuration of whoever started last.
    `create table desk_calendar (
      -- one row
      id boolean primary key default true check (id),
      time_zone text not null,
      -- [{"weekday": 1, "opens": "09:00", "closes": "17:00"}, …]; 1 is Monday, 24:00 the end of the day
      weekly jsonb not null,
      -- whether national holidays are days of desk_days
      holidays text not null default 'japan' check (holidays in ('japan', 'none')),
      changed_by text not null,
      changed_at timestamptz not null default now()
    )`,
    `insert into desk_calendar (time_zone, weekly, changed_by) select 'Asia/Tokyo',
      jsonb_agg(jsonb_build_object('weekday', d, 'opens', '09:00', 'closes', '17:00')), 'migration'
      from generate_series(1, 5) d`,
    // Days that are not as the week says. The operator's word counts before the holiday's.
    `create table desk_days (
      -- YYYY-MM-DD, and times as HH:MM: a calendar's, and no moments that a driver could shift
      day text not null check (day ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'),
      source text not null check (source in ('holiday', 'operator')),
      kind text not null check (kind in ('closed', 'open')),
      opens text check (opens ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
      closes text check (closes ~ '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$'),
      name_en text not null,
      name_ja text not null,
      changed_by text not null,
      changed_at timestamptz not null default now(),
      primary key (day, source),
      check ((kind = 'open') = (opens is not null and closes is not null)),
      check (opens < closes)
    )`,
    `create function desk_hours(first_day date, last_day date)
      returns table (day date, opens timestamptz, closes timestamptz) language sql stable as $$
        with calendar as (select c.time_zone, c.weekly from desk_calendar c),
        days as (select first_day + n as day from generate_series(0, last_day - first_day) n),
        decided as (
          select distinct on (d.day) d.day, s.kind, s.opens, s.closes
          from days d left join desk_days s on s.day = to_char(d.day, 'YYYY-MM-DD')
          order by d.day, (s.source = 'operator') desc nulls last)
        select d.day, (d.day + w.opens::time) at time zone c.time_zone,
          (d.day + w.closes::time) at time zone c.time_zone
        from decided d cross join calendar c cross join lateral (
          select d.opens, d.closes where d.kind = 'open'
          union all
          select h ->> 'opens', h ->> 'closes' from jsonb_array_elements(c.weekly) h
          where d.kind is null and (h ->> 'weekday')::integer = extract(isodow from d.day)) w
        order by 2 $$`,
    // The one place that says whether the centre is open, and when it opens or closes next.
    `create function desk_opening(at timestamptz)
      returns table (open boolean, closes timestamptz, next_opens timestamptz) language sql stable as $$
        with calendar as (select (at at time zone c.time_zone)::date as today from desk_calendar c),
        hours as (select h.* from calendar c cross join lateral desk_hours(c.today, c.today + 60) h),
        now_open as (select exists (select from hours h where h.opens <= at and at < h.closes) as open)
        select o.open,
          -- the end of what is open now, over hours that follow each other without a gap; null beyond two weeks
          (select min(h.closes) from hours h where o.open and h.closes > at
            and not exists (select from hours j where j.opens <= h.closes and h.closes < j.closes)
            having min(h.closes) < at + interval '14 days'),
          -- hours that follow others without a gap open nothing; a clock put forward may leave some empty
          (select min(h.opens) from hours h where h.opens > at and h.opens < h.closes
            and not exists (select from hours j where j.opens < h.opens and h.opens <= j.closes))
        from now_open o $$`,
    `create function desk_is_open(at timestamptz) returns boolean language sql stable as $$
      select o.open from desk_opening(at) o $$`,
    // Who has opened a day, or taken back its closing, approves nothing on it alone: as soon as it has begun
    // one person would get around the second one whom approvals outside hours need (R41).
    `create index audit_events_days on audit_events ((details ->> 'day'))
      where event in ('desk.day-set', 'desk.day-removed')`,
    `create function desk_is_open_to(staff text, at timestamptz) returns boolean language sql stable as $$
      select desk_is_open(at) and not exists (select from audit_events e, desk_calendar c
        where e.event in ('desk.day-set', 'desk.day-removed')
          and e.details ->> 'day' = to_char(at at time zone c.time_zone, 'YYYY-MM-DD')
          and (e.event = 'desk.day-removed' or e.details ->> 'kind' = 'open') and e.actor = staff) $$`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
