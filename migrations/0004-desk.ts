/**
 * The support centre (R39–R44): cases, identity checks, approvals and setup passes. This only expands.
 *
 * What must never happen is refused here, whatever program asks: an approval without a check, by the person
 * concerned, by somebody without the role, or outside hours without two people; a pass with too few
 * approvals, or a second one. A refusal has the SQLSTATE NJ001 and a stable error code as its message.
 */
export const steps = [
  { concurrently: `create index concurrently accounts_roles on accounts (id) where roles <> '{}'` },
  {
    transaction: [
      `create table desk_cases (
        id text primary key,
        -- told to the user, and read aloud
        number text not null,
        -- null where nobody has the ID that was given; whoever filed it is not told
        account_id text references accounts,
        login_id text not null,
        reason text not null check (reason in
          ('lost-device', 'new-device', 'no-mail', 'factor-disabled', 'first-set-up', 'not-me', 'other')),
        source text not null check (source in ('user', 'desk', 'not-me')),
        with_password boolean not null default false,
        -- how the user means to show who they are; one of the configured ways
        wished_check text,
        locale text not null check (locale in ('en', 'ja')),
        opened_by text,
        privileged boolean not null default false,
        state text not null default 'open' check (state in
          ('open', 'approved', 'done', 'refused', 'withdrawn', 'expired')),
        refused_reason text check (refused_reason in
          ('identity-not-shown', 'not-the-holder', 'no-longer-needed', 'duplicate', 'other')),
        closing_note text,
        closed_by text,
        closed_at timestamptz,
        -- one more with every act: a page that shows an earlier state acts on nothing
        version integer not null default 1,
        created_at timestamptz not null default now()
      )`,
      'create unique index desk_cases_number on desk_cases (number)',
      `create index desk_cases_open on desk_cases (created_at) where state in ('open', 'approved')`,
      'create index desk_cases_account on desk_cases (account_id, created_at)',
      'create index desk_cases_created_at on desk_cases (created_at)',
      'create index desk_cases_login_id on desk_cases (login_id, created_at)',
      `create index desk_cases_closed on desk_cases (closed_at) where state not in ('open', 'approved')`,
    ],
  },
  {
    transaction: [
      // Who made sure of whom, how and when: the kind of evidence, never the evidence (R39).
      `create table identity_checks (
        id text primary key,
        case_id text not null references desk_cases,
        method text not null,
        evidence text not null,
        note text not null default '',
        checked_by text not null,
        checked_at timestamptz not null default now(),
        unique (id, case_id)
      )`,
      'create index identity_checks_case on identity_checks (case_id)',
    ],
  },
  {
    transaction: [
      `create table desk_approvals (
        id text primary key,
        case_id text not null references desk_cases,
        check_id text not null,
        approved_by text not null,
        -- outside hours: counts with a second person's only, and is flagged (R41)
        break_glass boolean not null,
        approved_at timestamptz not null default now(),
        foreign key (check_id, case_id) references identity_checks (id, case_id)
      )`,
      // Once on each check: whoever approved on one that is too old now makes or takes a new one.
      'create unique index desk_approvals_once on desk_approvals (check_id, approved_by)',
      'create index desk_approvals_case on desk_approvals (case_id)',
    ],
  },
  {
    transaction: [
      `create table setup_passes (
        id text primary key,
        case_id text not null references desk_cases,
        account_id text not null references accounts,
        -- keyed digest of the account and the pass; the pass itself is nowhere
        digest text not null,
        issued_by text not null,
        issued_at timestamptz not null default now(),
        expires_at timestamptz not null,
        -- typed in after the right password: from here on it is this browser's alone
        used_at timestamptz,
        browser text,
        interaction text,
        -- the set-up it opened is done
        finished_at timestamptz,
        voided_at timestamptz,
        voided_why text check (voided_why in ('withdrawn', 'not-me', 'disabled')),
        check (expires_at <= issued_at + interval '24 hours'),
        check ((used_at is null) = (browser is null)),
        check (finished_at is null or used_at is not null)
      )`,
      // One effect of one approval, however often it is pressed.
      'create unique index setup_passes_case on setup_passes (case_id)',
      'create index setup_passes_account on setup_passes (account_id)',
    ],
  },
  {
    transaction: [
      `create function desk_is_staff(staff text) returns boolean language sql stable as $$
      select exists (select from accounts a where a.id = staff and a.status = 'active'
        and a.roles && array['desk', 'desk-lead']) $$`,
      // Two for whoever has a role or is named as privileged, and where one approval is outside hours (R41, R43).
      `create function desk_approvers_needed(of_case text) returns integer language sql stable as $$
      select case when c.privileged or a.roles <> '{}'
        or exists (select from desk_approvals p where p.case_id = c.id and p.break_glass) then 2 else 1 end
      from desk_cases c join accounts a on a.id = c.account_id where c.id = of_case $$`,
      `create function desk_refuse(code text) returns void language plpgsql as $$
      begin raise exception using errcode = 'NJ001', message = code; end $$`,
      // Checks and approvals count for a day, and none does from before the user said "this was not me" (D11).
      `create function desk_counts_from(account text) returns timestamptz language sql stable as $$
      select greatest(now() - interval '24 hours', max(n.created_at)) from desk_cases n
      where n.account_id = account and n.source = 'not-me' $$`,
      // Nor does what was done in the name of somebody who is no staff any more, or has said since that it was
      // not them: whoever has got hold of a colleague's account is no second person.
      `create function desk_record_counts(at timestamptz, staff text, account text) returns boolean
      language sql stable as $$
      select at > desk_counts_from(account) and at > desk_counts_from(staff) and desk_is_staff(staff) $$`,
      `create function desk_cases_are_sound() returns trigger language plpgsql as $$
      begin
        if new.account_id in (new.opened_by, new.closed_by) then perform desk_refuse('desk_own_case'); end if;
        if tg_op = 'UPDATE' then
          if (new.id, new.number, new.account_id, new.source, new.opened_by, new.created_at)
              is distinct from (old.id, old.number, old.account_id, old.source, old.opened_by, old.created_at)
            or (old.state not in ('open', 'approved') and new.state <> old.state) then
            perform desk_refuse('case_closed'); end if;
          -- What takes two people goes on taking them.
          if old.privileged and not new.privileged then perform desk_refuse('desk_second_needed'); end if;
          if new.state in ('approved', 'done') and new.state <> old.state
            and not exists (select from setup_passes s where s.case_id = new.id) then
            perform desk_refuse('desk_second_needed'); end if;
        end if;
        return new;
      end $$`,
      `create trigger desk_cases_sound before insert or update on desk_cases
        for each row execute function desk_cases_are_sound()`,
      `create function identity_checks_are_sound() returns trigger language plpgsql as $$
      declare the_case desk_cases;
      begin
        select * into the_case from desk_cases where id = new.case_id for update;
        if the_case.account_id is null then perform desk_refuse('case_without_account'); end if;
        if the_case.state <> 'open' then perform desk_refuse('case_closed'); end if;
        if the_case.account_id = new.checked_by then perform desk_refuse('desk_own_case'); end if;
        if not desk_is_staff(new.checked_by) then perform desk_refuse('staff_role_missing'); end if;
        if length(trim(new.method)) < 2 or length(trim(new.evidence)) < 2 then
          perform desk_refuse('check_missing'); end if;
        new.checked_at := now();
        return new;
      end $$`,
      `create trigger identity_checks_sound before insert on identity_checks
        for each row execute function identity_checks_are_sound()`,
      `create function desk_approvals_are_sound() returns trigger language plpgsql as $$
      declare the_case desk_cases;
      begin
        select * into the_case from desk_cases where id = new.case_id for update;
        if the_case.account_id is null then perform desk_refuse('case_without_account'); end if;
        if the_case.state <> 'open' then perform desk_refuse('case_closed'); end if;
        if the_case.account_id = new.approved_by then perform desk_refuse('desk_own_case'); end if;
        if not desk_is_staff(new.approved_by) then perform desk_refuse('staff_role_missing'); end if;
        if not exists (select from identity_checks i where i.id = new.check_id and i.case_id = new.case_id
            and desk_record_counts(i.checked_at, i.checked_by, the_case.account_id)) then
          perform desk_refuse('check_missing'); end if;
        if exists (select from desk_approvals p where p.check_id = new.check_id
            and p.approved_by = new.approved_by) then
          perform desk_refuse('desk_already_approved'); end if;
        if not desk_is_open_to(new.approved_by, now()) and not new.break_glass then perform desk_refuse('desk_closed'); end if;
        new.approved_at := now();
        return new;
      end $$`,
      `create trigger desk_approvals_sound before insert on desk_approvals
        for each row execute function desk_approvals_are_sound()`,
      `create function setup_passes_are_sound() returns trigger language plpgsql as $$
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
        new.issued_at := now();
        return new;
      end $$`,
      `create trigger setup_passes_sound before insert or update on setup_passes
        for each row execute function setup_passes_are_sound()`,
      // The case says how its pass ended, whoever ended it.
      `create function setup_passes_close_cases() returns trigger language plpgsql as $$
      begin
        update desk_cases set version = version + 1,
          state = case when new.finished_at is not null then 'done'
            when new.voided_at is not null then 'withdrawn' else 'approved' end,
          closed_at = case when new.finished_at is null and new.voided_at is null then null else now() end
        where id = new.case_id and state in ('open', 'approved');
        return null;
      end $$`,
      `create trigger setup_passes_case_state after insert or update of finished_at, voided_at on setup_passes
        for each row execute function setup_passes_close_cases()`,
      `create function desk_records_stay() returns trigger language plpgsql as $$
      begin raise exception '% is append-only', tg_table_name; end $$`,
      ...['identity_checks', 'desk_approvals'].flatMap((table) => [
        `create trigger ${table}_no_change before update or delete on ${table}
          for each row execute function desk_records_stay()`,
        `create trigger ${table}_no_truncate before truncate on ${table}
          for each statement execute function desk_records_stay()`,
      ]),
      `create trigger setup_passes_no_delete before delete on setup_passes
        for each row execute function desk_records_stay()`,
    ],
  },
  {
    transaction: [
      // The login knows of a pass.
      `alter table sign_ins
        drop constraint sign_ins_detour_check,
        add constraint sign_ins_detour_check check (detour in ('reset', 'support', 'reset-done',
          'offer-app', 'offer-mail', 'offer-mail-code', 'confirm-address', 'codes-low', 'set-up-pass',
          'case-filed')) not valid,
        -- the pass typed in here: it opens Initial setup and nothing else (R40)
        add column setup_pass_id text,
        -- the case filed here, so that its number is shown again
        add column case_number text`,
    ],
  },
  { validate: 'alter table sign_ins validate constraint sign_ins_detour_check' },
];
