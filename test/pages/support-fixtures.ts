import type { Fault } from '../../src/pages/pages.ts';
import type { SupportPageModels } from '../../src/pages/support.ts';
import type { OpeningShown } from '../../src/pages/shared.ts';

export const opening: OpeningShown = { open: false, words: 'Closed now. Opens Monday at 9:00.' };

const checks = [
  { id: 'in-person', name: 'In person, at the desk', bring: 'Come with your student or staff card.' },
  { id: 'call-back', name: 'Call back', bring: 'Be where the number on record reaches you.' },
];

/** Realistic models of the pages on which users ask the support centre for help. */
export const supportModels: SupportPageModels = {
  'help-support': { otherWays: ['mail'], opening, checks, reason: 'no-mail', check: 'in-person' },
  'help-support-request': {
    loginId: 'a0123456',
    reason: 'lost-device',
    opening,
    form: 'name-of-the-form',
    signIn: '/interaction/abc',
  },
  'help-case': { number: 'KQ7M-2XZP', opening, checks, login: { otherWays: ['mail'] } },
};

/** The fields a person fills in on each. */
export const supportFields: Record<keyof SupportPageModels, readonly NonNullable<Fault['field']>[]> = {
  'help-support': ['reason', 'check'],
  'help-support-request': ['login_id', 'reason'],
  'help-case': [],
};

/** What Enter does in a form whose first button does not go on with the login. */
export const supportActions: Partial<Record<string, string>> = { 'help-support': 'file' };
