import { newId } from '../../src/base/ids.ts';
import type { SecondFactor } from '../../src/factors/second-factor.ts';
import { createSoftwarePasskey, type SoftwarePasskey } from '../support/authenticator.ts';
import type { TestDatabase } from '../support/databases.ts';
import { type ChangeStage, openChangeStage, type Owner } from './changes-stage.ts';
import type { SignIn } from '../../src/factors/sign-in-state.ts';

export const origin = { requestId: 'request-1', address: '192.0.2.7', node: 'node-a' };
export const page = { origin: 'https://idp.example.ac.jp', rpId: 'idp.example.ac.jp' };

/** Somebody with a mail address and a passkey, and what they do with it. */
export interface Holder extends Owner {
  passkey: SoftwarePasskey;
}

export interface PasskeyStage extends ChangeStage {
  first: SecondFactor;
  second: SecondFactor;
  holder(made?: Parameters<typeof createSoftwarePasskey>[1], name?: string): Promise<Holder>;
  /** Sets a passkey up. @returns what came of it. */
  register(owner: Owner, passkey: SoftwarePasskey, name?: string): Promise<string>;
  /** A login after the right password. */
  signIn(owner: Owner, browser?: string): Promise<SignIn>;
  /** The login as it stands; undefined where it has ended. */
  now(interaction: string): Promise<SignIn | undefined>;
  /** Why passkeys of an account were refused, oldest first; `undefined`: of nobody's account. */
  refusals(accountId: string | undefined): Promise<string[]>;
}

export async function openPasskeyStage(database: TestDatabase): Promise<PasskeyStage> {
  const stage = await openChangeStage(database);
  const [first, second] = stage.nodes as readonly [SecondFactor, SecondFactor];

  const register = async (owner: Owner, passkey: SoftwarePasskey, name = 'Laptop'): Promise<string> => {
    const { id, options } = await first.passkeys.registerOptions(owner.changer);
    return second.passkeys.register(owner.changer, id, passkey.create(options), name);
  };
  return {
    ...stage,
    first,
    second,
    register,
    async holder(made, name) {
      const owner = await stage.owner({ mail: true });
      const passkey = createSoftwarePasskey(page, made);
      if ((await register(owner, passkey, name)) !== 'registered') throw new Error('no passkey was set up');
      return { ...owner, passkey };
    },
    async signIn(owner, browser = 'browser-1') {
      const interaction = newId();
      await first.openSignIn({
        interaction,
        accountId: owner.accountId,
        clientId: 'library',
        browser,
        steppedUpFrom: undefined,
        lifetimeSeconds: 600,
      });
      const signIn = await first.findSignIn(interaction);
      if (signIn === undefined) throw new Error('no login was opened');
      return signIn;
    },
    now: (interaction) => first.findSignIn(interaction),
    async refusals(accountId) {
      const rows = await stage.db
        .selectFrom('audit_events')
        .select('details')
        .where('event', '=', 'passkey.refused')
        .where('account_id', 'is not distinct from', accountId ?? null)
        .orderBy('id')
        .execute();
      return rows.map(({ details }) => String((details as { reason?: unknown }).reason));
    },
  };
}
