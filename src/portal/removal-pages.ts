import { shownAddress } from '../factors/mail/address.ts';
import { NijoError } from '../base/errors.ts';
import type { Overview } from '../factors/enrolled/overview.ts';
import type { AccountNotice, OwnWay } from '../pages/account.ts';
import type { PortalDependencies } from './dependencies.ts';
import { createTimes } from '../i18n/times.ts';
import {
  chromeOf,
  frontPath,
  go,
  type PortalPage,
  type Shown,
  redisplay,
  type PageRequest,
} from './visit.ts';
import { acknowledgementVersion } from '../factors/acknowledgement.ts';

/** Something that is set up, as the removal page names it. */
interface Subject {
  way: OwnWay;
  id: string;
  name: string;
  since: Date;
}

/** Asks once before a removal, and says what will still sign in. */
function removalPage(options: {
  path: string;
  done: AccountNotice;
  subjectOf: (overview: Overview, id: string) => Subject | undefined;
  remove: (dependencies: PortalDependencies, visit: PageRequest, id: string) => Promise<void>;
  /** Whether the removal leaves the user without an address, which they must acknowledge first (R23). */
  acknowledged?: (overview: Overview) => boolean;
}): PortalPage {
  const find = (visit: PageRequest): Subject => {
    const subject = options.subjectOf(visit.overview, visit.params.id ?? '');
    if (subject === undefined) throw new NijoError('factor_unknown');
    return subject;
  };
  const mustAcknowledge = (overview: Overview): boolean => options.acknowledged?.(overview) === true;
  return {
    path: options.path,
    fresh: true,
    async show(dependencies: PortalDependencies, visit: PageRequest, shown: Shown) {
      const subject = find(visit);
      dependencies.responder.page(
        visit.ctx,
        'account-remove',
        {
          way: subject.way,
          name: subject.name,
          since: createTimes(dependencies.timeZone).day(subject.since, visit.locale),
          remaining: allOf(visit.overview)
            .filter(({ way, id }) => way !== subject.way || id !== subject.id)
            .map(({ way, name }) => ({ way, name })),
          ...(mustAcknowledge(visit.overview) ? { acknowledgementVersion } : {}),
        },
        chromeOf(dependencies, visit, shown),
      );
    },
    async submit(dependencies, visit) {
      if (visit.action !== 'continue') return redisplay('action_unknown');
      const gone = options.subjectOf(visit.overview, visit.params.id ?? '') === undefined;
      // Removed a moment ago, by a double click or in another tab: the result is what was wanted.
      if (gone) return go(frontPath, options.done);
      if (mustAcknowledge(visit.overview)) {
        // The stored wording is the one that the user read.
        const read = visit.form.get('acknowledgement_version');
        const ticked = visit.form.get('acknowledge') === 'yes';
        if (!ticked || read !== acknowledgementVersion)
          return redisplay('acknowledgement_missing', 'acknowledge');
      }
      await options.remove(dependencies, visit, visit.params.id ?? '');
      return go(frontPath, options.done);
    },
  };
}

/** Everything that is set up, the recovery codes last. */
function allOf(overview: Overview): Subject[] {
  const { mail, apps, passkeys, recoveryCodes: sheet } = overview;
  return [
    ...(mail === undefined
      ? []
      : [{ way: 'mail' as const, id: '', name: shownAddress(mail.address), since: mail.provenAt }]),
    ...apps.map(({ id, name, provenAt }) => ({ way: 'app' as const, id, name, since: provenAt })),
    ...passkeys.map(({ id, name, provenAt }) => ({ way: 'passkey' as const, id, name, since: provenAt })),
    ...(sheet === undefined
      ? []
      : [{ way: 'recovery-codes' as const, id: '', name: sheet.number, since: sheet.createdAt }]),
  ];
}

const subject =
  (way: OwnWay) =>
  (overview: Overview, id: string): Subject | undefined =>
    allOf(overview).find((each) => each.way === way && each.id === id);

export const removeAppPage = removalPage({
  path: '/account/remove/app/:id',
  done: 'app-removed',
  subjectOf: subject('app'),
  remove: ({ secondFactor }, visit, id) => secondFactor.changes.removeApp(visit.changer, id),
});

export const removePasskeyPage = removalPage({
  path: '/account/remove/passkey/:id',
  done: 'passkey-removed',
  subjectOf: subject('passkey'),
  remove: ({ secondFactor }, visit, id) => secondFactor.changes.removePasskey(visit.changer, id),
});

export const removeMailPage = removalPage({
  path: '/account/remove/mail',
  done: 'mail-removed',
  subjectOf: subject('mail'),
  remove: ({ secondFactor }, visit) => secondFactor.changes.removeMail(visit.changer),
  acknowledged: () => true,
});

export const removeRecoveryCodesPage = removalPage({
  path: '/account/remove/recovery-codes',
  done: 'recovery-codes-removed',
  subjectOf: subject('recovery-codes'),
  remove: ({ secondFactor }, visit) => secondFactor.recoveryCodes.remove(visit.changer),
});
