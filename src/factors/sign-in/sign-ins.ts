import { sql } from 'kysely';
import type { Db } from '../../db/open.ts';
import { factorIsFresh, passwordIsFresh } from '../fresh-proof.ts';
import { everyWayOffered, holderOf, type Offered, waysDisabled, waysSetUp } from '../enrolled/factors-of.ts';
import type { SignIn } from '../sign-in-state.ts';

export { type NewSignIn, openSignIn } from './open.ts';
export { recordSignInEnd } from './end.ts';

/** Ends a login in progress: the next page asks for the password again. */
export async function closeSignIn(db: Db, interaction: string): Promise<void> {
  await db.deleteFrom('sign_ins').where('interaction', '=', interaction).execute();
}

/**
 * The login of this interaction with everything the next step depends on, in one round trip.
 * @param takesPass the accounts whose first set-up takes a setup pass.
 */
export async function findSignIn(
  db: Db,
  interaction: string,
  offered: Offered = everyWayOffered,
  takesPass: (account: { kind: 'ecs' | 'sps'; affiliation: string | null }) => boolean = () => false,
): Promise<SignIn | undefined> {
  const row = await db
    .selectFrom('sign_ins as s')
    .innerJoin('accounts as a', 'a.id', 's.account_id')
    .leftJoin('challenges as c', 'c.id', 's.challenge_id')
    .leftJoin('mail_factors as m', (join) =>
      join.onRef('m.account_id', '=', 'a.id').on('m.state', '=', 'active'),
    )
    // A pass counts in the login and browser in which it was last typed in, until a factor is proven.
    .leftJoin('setup_passes as p', (join) =>
      join
        .onRef('p.id', '=', 's.setup_pass_id')
        .onRef('p.account_id', '=', 's.account_id')
        .onRef('p.browser', '=', 's.browser')
        .onRef('p.interaction', '=', 's.interaction')
        .on('p.finished_at', 'is', null)
        .on('p.voided_at', 'is', null)
        .on('s.factor', 'is', null),
    )
    .select([
      's.interaction',
      's.account_id',
      's.client_id',
      's.browser',
      's.step_up',
      's.password_at',
      's.factor',
      's.way',
      's.without_password',
      's.set_up',
      's.detour',
      's.reset_at',
      's.case_number',
      's.app_factor_id',
      's.app_secret_sealed',
      'a.login_id',
      'a.locale',
      'a.status',
      'a.first_enrolled_at',
      'a.kind',
      'a.affiliation',
      'p.id as pass_id',
      'm.address as mail_address',
      'c.id as challenge_id',
      'c.purpose',
      'c.address',
      'c.reference',
      'c.attempts',
    ])
    .select([
      sql<boolean>`not ${passwordIsFresh}`.as('password_stale'),
      // `requireFreshProof` decides whether the proof counts; this only chooses the page.
      sql<boolean>`s.factor_at is not null and not ${factorIsFresh}`.as('factor_stale'),
      sql<boolean>`c.consumed_at is not null`.as('consumed'),
      waysSetUp().as('ways_set_up'),
      waysDisabled().as('ways_disabled'),
      sql<number | null>`extract(epoch from c.expires_at - now())::float8`.as('seconds_left'),
      sql<boolean | null>`c.consumed_at is null and c.voided_at is null and c.expires_at > now()`.as('open'),
      sql<
        number | null
      >`(select extract(epoch from now() - max(o.created_at))::float8 from mails o where o.challenge_id = c.id)`.as(
        'since_mail',
      ),
    ])
    .where('s.interaction', '=', interaction)
    .where('s.expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const everEnrolled = row.first_enrolled_at !== null;
  const initial = !everEnrolled || row.pass_id !== null;
  return {
    interaction: row.interaction,
    account: {
      id: row.account_id,
      loginId: row.login_id,
      locale: row.locale ?? undefined,
      active: row.status === 'active',
    },
    clientId: row.client_id,
    browser: row.browser,
    stepUp: row.step_up,
    passwordAt: row.password_at,
    passwordStale: row.password_stale,
    factor: row.factor ?? undefined,
    factorStale: row.factor_stale,
    withoutPassword: row.without_password,
    way: row.way ?? undefined,
    setUp: row.set_up ?? undefined,
    detour: row.detour ?? undefined,
    caseNumber: row.case_number ?? undefined,
    resetAt: row.reset_at ?? undefined,
    holder: holderOf(row.ways_set_up, row.ways_disabled, everEnrolled, offered),
    mailAddress: row.mail_address ?? undefined,
    challenge:
      // No login waits for a code that was used long ago: a new one is sent when it is requested.
      (row.consumed && row.factor_stale) ||
      // What this login was setting up is void once another login has set the account up: the address was
      // never proven, so it is neither shown nor used (R18, R19).
      row.challenge_id === null ||
      (row.purpose === 'set-up' && !initial && row.detour !== 'offer-mail-code')
        ? undefined
        : {
            id: row.challenge_id,
            purpose: row.purpose ?? 'sign-in',
            address: row.address ?? '',
            reference: row.reference ?? '',
            secondsLeft: Math.ceil(row.seconds_left ?? 0),
            attempts: row.attempts ?? 0,
            open: row.open === true,
            sinceLastMail: row.since_mail ?? Number.POSITIVE_INFINITY,
          },
    pendingApp:
      // A key of an initial setup is void once the account is set up. A key made for an offer or after a
      // reset belongs to an account that is set up already, and to no initial setup (R15).
      row.app_factor_id === null || row.app_secret_sealed === null || initial !== (row.set_up === 'app')
        ? undefined
        : { factorId: row.app_factor_id, secretSealed: Buffer.from(row.app_secret_sealed) },
    setUpPass: row.pass_id === null ? undefined : { id: row.pass_id },
    passRequired: !everEnrolled && takesPass({ kind: row.kind, affiliation: row.affiliation }),
  };
}
