import { sql } from 'kysely';
import type { Db } from '../db/open.ts';
import type { Factor, Holder } from './assurance.ts';
import { factorIsFresh, passwordIsFresh } from './fresh.ts';
import { everyWayOffered, holderOf, type Offered, waysDisabled, waysSetUp } from './holders.ts';

export { type NewSignIn, openSignIn } from './open-sign-in.ts';
export { recordSignInEnd } from './sign-in-end.ts';

/**
 * A login in progress, from the right password (or, for a step-up, the session) on: who it is and
 * what has been proven inside this very interaction. It is the server's only memory of the steps;
 * no cookie and no form field can add to it (I1).
 */
export interface SignIn {
  interaction: string;
  account: { id: string; loginId: string; locale: 'en' | 'ja' | undefined; active: boolean };
  clientId: string;
  browser: string;
  /** The password part comes from the browser's session; only a factor is added. */
  stepUp: boolean;
  passwordAt: Date;
  /** The password is too old to set anything up, or was not given in this login at all (S6). */
  passwordStale: boolean;
  factor: Factor | undefined;
  /** The factor was proven too long ago to take up what the login offers (S7). */
  factorStale: boolean;
  /** A passkey stood for the password too. */
  withoutPassword: boolean;
  /** The way the user has chosen among several. */
  way: Factor | undefined;
  setUp: 'mail' | 'mail-code' | 'app-only' | 'app' | undefined;
  /** A page beside the steps that are needed: asked for by the user, or offered once. It skips nothing. */
  detour: Detour | undefined;
  /** Of the case that was filed in this very login (R36). */
  caseNumber: string | undefined;
  /** When a reset by mail was done in this very login (R35). */
  resetAt: Date | undefined;
  holder: Holder;
  mailAddress: string | undefined;
  challenge: LiveChallenge | undefined;
  pendingApp: { factorId: string; secretSealed: Buffer } | undefined;
  /** The setup pass that was typed in here and is not used up: it opens Initial setup and nothing else (R40). */
  setUpPass: { id: string } | undefined;
  /** Nothing was ever set up, and by the operator's policy a first set-up takes a pass. */
  passRequired: boolean;
}

export type Detour =
  | 'reset'
  | 'support'
  | 'reset-done'
  | 'offer-app'
  | 'offer-mail'
  | 'offer-mail-code'
  | 'confirm-address'
  | 'codes-low'
  /** Where a setup pass of the support centre is typed in (R40). */
  | 'set-up-pass'
  /** The number of the case that was filed here. */
  | 'case-filed';

/** The mailed code that this interaction waits for. */
export interface LiveChallenge {
  id: string;
  purpose: 'sign-in' | 'set-up' | 'reset' | 'change' | 'check';
  address: string;
  reference: string;
  /** Seconds until it expires; 0 or less when it has. */
  secondsLeft: number;
  /** Wrong codes so far. */
  attempts: number;
  open: boolean;
  /** Seconds since the newest mail of this challenge was written. */
  sinceLastMail: number;
}

/** Ends a login in progress: the next page asks for the password again. */
export async function closeSignIn(db: Db, interaction: string): Promise<void> {
  await db.deleteFrom('sign_ins').where('interaction', '=', interaction).execute();
}

/** Whether this login sets up for the first time, or is let do it anew by a setup pass. */
export function isInitialSetUp(signIn: Pick<SignIn, 'holder' | 'setUpPass'>): boolean {
  return !signIn.holder.everEnrolled || signIn.setUpPass !== undefined;
}

/**
 * The login of this interaction with everything the next step depends on, in one round trip.
 * @param takesPass whose first set-up takes a setup pass.
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
    // A pass counts in the login and browser in which it was typed in last, and until a factor is proven.
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
      // What counts is looked at where it counts (`requireFreshProof`); this chooses the page.
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
      // A code that was used long ago is none that is waited for: a new one is sent where it is asked for again.
      (row.consumed && row.factor_stale) ||
      // What this login was setting up is void once another one has set the account up: the address
      // was never proven, so it is neither shown nor used (R18, R19).
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
      // A key of an initial setup is void once the account is set up. One made for an offer or after a
      // reset belongs to an account that is, and to no initial setup (R15).
      row.app_factor_id === null || row.app_secret_sealed === null || initial !== (row.set_up === 'app')
        ? undefined
        : { factorId: row.app_factor_id, secretSealed: Buffer.from(row.app_secret_sealed) },
    setUpPass: row.pass_id === null ? undefined : { id: row.pass_id },
    passRequired: !everEnrolled && takesPass({ kind: row.kind, affiliation: row.affiliation }),
  };
}
