import { type Kysely, sql } from 'kysely';

/** The chain over the audit log (C42, D15), and rights that let records only be added. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    // Which events wait for their link: written with them, whoever writes them.
    'create table audit_unlinked (event_id bigint primary key)',
    'insert into audit_unlinked select id from audit_events',
    `create table audit_links (
      position bigint primary key,
      event_id bigint not null,
      -- keyed digest over the link before and everything the event says
      digest text not null,
      linked_at timestamptz not null default now()
    )`,
    'create unique index audit_links_event on audit_links (event_id)',
    `create function audit_events_wait_for_their_link() returns trigger language plpgsql as $$
      begin insert into audit_unlinked select id from added; return null; end $$`,
    `create trigger audit_events_link after insert on audit_events referencing new table as added
      for each statement execute function audit_events_wait_for_their_link()`,
    `create trigger audit_links_no_change before update or delete on audit_links
      for each row execute function desk_records_stay()`,
    `create trigger audit_links_no_truncate before truncate on audit_links
      for each statement execute function desk_records_stay()`,
    // What the lead and the auditor read (src/desk/trail.ts), among millions of logins; a login writes nothing here.
    `create index audit_events_desk on audit_events (id) where event like 'desk.%' or event like 'staff.%'
      or event like 'setup-pass.%' or event in ('factor.set-up-by-pass', 'account.roles-set', 'audit.exported')`,
    // Not even the owner of the tables has the right, until it is given back on purpose.
    ...['audit_events', 'audit_links', 'desk_approvals'].map(
      (table) => `revoke update, delete, truncate on ${table} from public, current_user`,
    ),
    // A foreign key's own look at a row asks for the right to update it; the trigger refuses what it must.
    ...['identity_checks', 'setup_passes'].map(
      (table) => `revoke delete, truncate on ${table} from public, current_user`,
    ),
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
