import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import type { CaseReason, CaseState } from './cases/shapes.ts';
import { caseSources, caseStates, type PeriodFigures, type Standing } from './figure-shapes.ts';
import type { Period } from './months.ts';

interface Row {
  part: 'all' | 'month' | 'state' | 'reason' | 'source' | 'method';
  key: string | null;
  state: CaseState | null;
  cases: number;
  passes: number;
  two_people: number;
  break_glass: number;
  filing_to_check: number | null;
  check_to_pass: number | null;
}

/** The present state, by the database's clock and in the calendar's time zone. */
export async function readStanding(db: Db): Promise<Standing> {
  const { rows } = await sql<{
    at: Date;
    time_zone: string;
    present: string;
    first: string | null;
    waiting: number;
    oldest: number | null;
    passes_out: number;
  }>`
    select now() as at, k.time_zone, to_char(now() at time zone k.time_zone, 'YYYY-MM') as present,
      (select to_char(min(c.created_at) at time zone k.time_zone, 'YYYY-MM') from desk_cases c) as first,
      w.waiting, w.oldest, w.passes_out
    from desk_calendar k cross join (
      select count(*) filter (where c.state = 'open')::integer as waiting,
        floor(extract(epoch from now() - min(c.created_at) filter (where c.state = 'open')) / 60)::integer as oldest,
        count(*) filter (where c.state = 'approved')::integer as passes_out
      from desk_cases c where c.state in ('open', 'approved')) w`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('there is no calendar');
  return {
    at: row.at,
    timeZone: row.time_zone,
    present: row.present,
    ...(row.first === null ? {} : { first: row.first }),
    waiting: row.waiting,
    ...(row.oldest === null ? {} : { oldestMinutes: row.oldest }),
    passesOut: row.passes_out,
  };
}

/** One statement for all tables, so they show one moment. Months are in the centre's time zone. */
export async function readFigures(db: Db, period: Period): Promise<PeriodFigures> {
  const { rows } = await sql<Row>`
    with filed as (
      select c.id, c.reason, c.state, c.created_at,
        case when c.source <> 'user' then c.source when c.with_password then 'sign-in' else 'form' end as source,
        to_char(c.created_at at time zone k.time_zone, 'YYYY-MM') as month
      from desk_cases c cross join desk_calendar k
      where c.created_at >= (${`${period.from}-01`}::date)::timestamp at time zone k.time_zone
        and c.created_at < (${`${period.to}-01`}::date + interval '1 month') at time zone k.time_zone),
    told as (
      select f.*, i.first_check, coalesce(i.method, '') as method, p.issued_at, a.people, a.break_glass
      from filed f
      left join setup_passes p on p.case_id = f.id
      cross join lateral (
        select min(i.checked_at) as first_check,
          (array_agg(i.method order by i.checked_at desc, i.id desc))[1] as method
        from identity_checks i where i.case_id = f.id) i
      cross join lateral (
        select count(*) as people, coalesce(bool_or(a.break_glass), false) as break_glass
        from desk_approvals a where a.case_id = f.id) a)
    select
      case when grouping(t.month) = 0 then 'month' when grouping(t.state) = 0 then 'state'
        when grouping(t.reason) = 0 then 'reason' when grouping(t.source) = 0 then 'source'
        when grouping(t.method) = 0 then 'method' else 'all' end as part,
      coalesce(t.month, t.reason, t.source, t.method) as key, t.state,
      count(*)::integer as cases,
      count(t.issued_at)::integer as passes,
      count(*) filter (where t.people >= 2)::integer as two_people,
      count(*) filter (where t.break_glass)::integer as break_glass,
      percentile_cont(0.5) within group (order by extract(epoch from t.first_check - t.created_at) / 60)
        as filing_to_check,
      percentile_cont(0.5) within group (order by extract(epoch from t.issued_at - t.first_check) / 60)
        as check_to_pass
    from told t
    group by grouping sets ((), (t.month, t.state), (t.state), (t.reason), (t.source), (t.method))
    order by key, state`.execute(db);
  return figuresOf(period, rows);
}

function figuresOf(period: Period, rows: readonly Row[]): PeriodFigures {
  const part = (name: Row['part']): readonly Row[] => rows.filter((row) => row.part === name);
  const all = part('all')[0];
  const count = (row: Row | undefined): number => row?.cases ?? 0;
  const { filing_to_check: filingToCheck = null, check_to_pass: checkToPass = null } = all ?? {};
  return {
    period,
    cases: count(all),
    passes: all?.passes ?? 0,
    twoPeople: all?.two_people ?? 0,
    breakGlass: all?.break_glass ?? 0,
    ...(filingToCheck === null ? {} : { filingToCheck }),
    ...(checkToPass === null ? {} : { checkToPass }),
    byMonth: part('month').map(({ key, state, cases }) => ({
      month: key ?? '',
      state: state ?? 'open',
      cases,
    })),
    byState: caseStates.map((state) => ({
      state,
      cases: count(part('state').find((r) => r.state === state)),
    })),
    byReason: part('reason').map(({ key, cases }) => ({ reason: key as CaseReason, cases })),
    bySource: caseSources.map((source) => ({
      source,
      cases: count(part('source').find((r) => r.key === source)),
    })),
    byMethod: part('method').map(({ key, cases }) => ({
      method: key === '' ? undefined : (key ?? undefined),
      cases,
    })),
  };
}
