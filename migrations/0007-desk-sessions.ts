/**
 * A setup pass rests on its approvals for as long as it lives: they are noted with the session in which they
 * were made, and count no more once their maker has said that it was not them, has taken that session back or
 * is no longer at the desk. This only expands.
 */
export const steps = [
  { transaction: ['alter table identity_checks add column session_uid text'] },
  { transaction: ['alter table desk_approvals add column session_uid text'] },
  // Beside `voided_why`, which the previous release reads too.
  {
    transaction: [
      `alter table setup_passes add column voided_detail text,
        add constraint setup_passes_voided_detail_check check (voided_detail in ('approval-void')) not valid`,
    ],
  },
  { validate: 'alter table setup_passes validate constraint setup_passes_voided_detail_check' },
  {
    transaction: [
      // Sessions that their owner has ended from another one, by digest: what was done in them is in doubt.
      `create table desk_revoked_sessions (
        session_uid text primary key,
        account_id text not null,
        revoked_at timestamptz not null default now()
      )`,
    ],
  },
  {
    transaction: [
      `create function desk_record_stands(at timestamptz, staff text, session text) returns boolean
        language sql stable as $$
        select desk_is_staff(staff)
          and not exists (select from desk_cases n
            where n.account_id = staff and n.source = 'not-me' and n.created_at > at)
          and not exists (select from desk_revoked_sessions r where r.session_uid = session) $$`,
      // People, and not approvals; each on a check that stands as well.
      `create function desk_case_stands(of_case text) returns boolean language sql stable as $$
        select count(distinct p.approved_by) >= desk_approvers_needed(of_case)
        from desk_approvals p join identity_checks i on i.id = p.check_id
        where p.case_id = of_case
          and desk_record_stands(p.approved_at, p.approved_by, p.session_uid)
          and desk_record_stands(i.checked_at, i.checked_by, i.session_uid) $$`,
      // As in 0004, and what it rests on is looked at when it is issued, typed in and finished.
      `create or replace function setup_passes_are_sound() returns trigger language plpgsql as $$
      declare the_case desk_cases;
      begin
        if tg_op = 'UPDATE' then
          if (new.id, new.case_id, new.account_id, new.digest, new.issued_by, new.issued_at)
              is distinct from (old.id, old.case_id, old.account_id, old.digest, old.issued_by, old.issued_at)
            or new.expires_at > old.expires_at
            or (old.used_at is not null
              and (new.used_at, new.browser) is distinct from (old.used_at, old.browser))
            or (old.finished_at is not null and new.finished_at is distinct from old.finished_at)
            or (old.voided_at is not null and new.voided_at is distinct from old.voided_at)
            or (new.finished_at is not null and old.finished_at is null and new.voided_at is not null) then
            perform desk_refuse('setup_pass_used'); end if;
          if ((new.used_at is not null and old.used_at is null)
              or (new.finished_at is not null and old.finished_at is null))
            and not desk_case_stands(new.case_id) then
            perform desk_refuse('desk_second_needed'); end if;
          return new;
        end if;
        select * into the_case from desk_cases where id = new.case_id for update;
        if the_case.state <> 'open' then perform desk_refuse('case_closed'); end if;
        if the_case.account_id is distinct from new.account_id then
          perform desk_refuse('case_without_account'); end if;
        if not exists (select from accounts a where a.id = new.account_id and a.status = 'active') then
          perform desk_refuse('account_disabled'); end if;
        if new.account_id = new.issued_by then perform desk_refuse('desk_own_case'); end if;
        -- People, and not approvals.
        if (select count(distinct p.approved_by) from desk_approvals p where p.case_id = new.case_id
            and desk_record_counts(p.approved_at, p.approved_by, new.account_id)) < desk_approvers_needed(new.case_id) then
          perform desk_refuse('desk_second_needed'); end if;
        if not desk_case_stands(new.case_id) then perform desk_refuse('desk_second_needed'); end if;
        new.issued_at := now();
        return new;
      end $$`,
    ],
  },
];
