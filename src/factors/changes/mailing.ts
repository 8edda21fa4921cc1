import { NijoError } from '../../base/errors.ts';
import type { Db } from '../../db/open.ts';
import { inTransaction } from '../../db/transaction.ts';
import { deliveryOf } from '../../mail/delivery.ts';
import type { SendOutcome } from '../mail/codes.ts';
import type { AwaitedCode } from './changer.ts';
import { type ChangeDependencies, lockOwnAccount } from './frame.ts';
import { endChange, findChange, findOpenChange, openChange } from './pending.ts';
import { codeHolderOf } from './holders.ts';
import type { AccountUser } from '../account-user.ts';
import type { CodePurpose } from '../mail/challenges.ts';

/** A code mailed for something begun on the user's own page: its first mail, its page, its resend. */
export interface Mailing {
  /**
   * Begins something that a code to this address proves. Beginning again in the same session with the same
   * address gives the same change, and mails nothing during the cooldown (a double click).
   * @param check what must hold while the account is locked; it gives the address.
   */
  begin(
    changer: AccountUser,
    kind: 'mail' | 'check-mail',
    check: (trx: Db) => Promise<string>,
  ): Promise<{ id: string; sent: SendOutcome }>;
  awaited(changer: AccountUser, id: string): Promise<AwaitedCode | undefined>;
  resend(changer: AccountUser, id: string): Promise<SendOutcome>;
}

const purposes = { mail: 'change', 'check-mail': 'check' } as const satisfies Record<string, CodePurpose>;
const kinds = ['mail', 'check-mail'] as const;

export function createMailing(dependencies: ChangeDependencies): Mailing {
  const { db, mailCodes, pause, handOver } = dependencies;

  async function find(trx: Db, changer: AccountUser, id: string) {
    for (const kind of kinds) {
      const change = await findChange(trx, changer, id, kind);
      if (change !== undefined && change !== 'finished' && change.address !== undefined)
        return { kind, address: change.address };
    }
    return undefined;
  }

  async function send(
    trx: Db,
    changer: AccountUser,
    id: string,
    kind: (typeof kinds)[number],
    address: string,
  ): Promise<SendOutcome> {
    const context = { locale: changer.locale, device: changer.device };
    const holder = await codeHolderOf(trx, changer, id);
    return mailCodes.send(trx, holder, purposes[kind], address, context, changer.origin);
  }

  async function leave(sent: SendOutcome): Promise<SendOutcome> {
    if (sent.outcome === 'sent') handOver(sent.mailId);
    return sent;
  }

  return {
    async begin(changer, kind, check) {
      const paused = await pause.state(db, changer.accountId);
      const begun = await inTransaction(db, async (trx): Promise<{ id: string; sent: SendOutcome }> => {
        await lockOwnAccount(trx, changer);
        const address = await check(trx);
        // No code would be accepted now, so none is sent (R8).
        if (!paused.allowed)
          return { id: '', sent: { outcome: 'paused', retryAfterSeconds: paused.retryAfterSeconds } };
        const present = await findOpenChange(trx, changer, kind, address);
        const id = present ?? (await openChange(trx, changer, kind, { address }));
        const sent = await send(trx, changer, id, kind, address);
        if (present === undefined && sent.outcome !== 'sent') await endChange(trx, id);
        return { id, sent };
      });
      await leave(begun.sent);
      return begun;
    },

    async awaited(changer, id) {
      const change = await find(db, changer, id);
      if (change === undefined) return undefined;
      const holder = await codeHolderOf(db, changer, id);
      const { challenge } = holder;
      if (challenge === undefined) return undefined;
      const open = mailCodes.isOpen(holder);
      return {
        address: change.address,
        reference: challenge.reference,
        minutesLeft: open ? Math.max(0, Math.ceil(challenge.secondsLeft / 60)) : 0,
        open,
        resendInSeconds: mailCodes.resendInSeconds(holder),
        delivery: await deliveryOf(db, challenge.id),
      };
    },

    async resend(changer, id) {
      const paused = await pause.state(db, changer.accountId);
      if (!paused.allowed) return { outcome: 'paused', retryAfterSeconds: paused.retryAfterSeconds };
      const sent = await inTransaction(db, async (trx) => {
        await lockOwnAccount(trx, changer);
        const change = await find(trx, changer, id);
        if (change === undefined) throw new NijoError('change_expired');
        return send(trx, changer, id, change.kind, change.address);
      });
      return leave(sent);
    },
  };
}
