import { z } from 'zod';
import { bilingual } from './values.ts';

const identifier = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'is not a short name such as card-in-person');

const hours = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'are not hours such as 09:00-17:00')
  .refine((value) => (value.split('-')[0] ?? '') < (value.split('-')[1] ?? ''), 'must begin before they end');

/** Opening hours of one day: several spans where there is a break, in order and without overlap. */
const day = z
  .array(hours)
  .default([])
  .refine(
    (list) => list.every((one, index) => index === 0 || (list[index - 1]?.split('-')[1] ?? '') <= one),
    'must be in order and must not overlap',
  );

const week = z.strictObject({
  monday: day,
  tuesday: day,
  wednesday: day,
  thursday: day,
  friday: day,
  saturday: day,
  sunday: day,
});

const officeHours = {
  monday: ['09:00-17:00'],
  tuesday: ['09:00-17:00'],
  wednesday: ['09:00-17:00'],
  thursday: ['09:00-17:00'],
  friday: ['09:00-17:00'],
};

/** One method by which staff verifies a user's identity (R39); `evidence` is what staff looks at. */
const identityCheck = z.strictObject({
  id: identifier,
  name: bilingual,
  /** What the user is told to bring or to have ready. */
  bring: bilingual,
  evidence: z
    .array(z.strictObject({ id: identifier, name: bilingual }))
    .min(1, 'must name what is looked at'),
});

const unique = (list: readonly { id: string }[]): boolean =>
  new Set(list.map(({ id }) => id)).size === list.length;

/** The support centre's desk (R39–R44). Kyoto's values are the shipped example. */
export const deskSchema = z.strictObject({
  /** Weekly hours; a day that is not named is closed. */
  hours: week.default(() => week.parse(officeHours)),
  /** `japan`: closed on national holidays. */
  holidays: z.enum(['japan', 'none']).default('japan'),
  identity_checks: z
    .array(identityCheck)
    .min(1)
    .refine(unique, 'must have each id once')
    .refine((list) => list.every(({ evidence }) => unique(evidence)), 'must have each evidence once')
    .default([
      {
        id: 'in-person',
        name: { en: 'In person, at the desk', ja: '窓口で対面' },
        bring: {
          en: 'Come to the desk with your student or staff card, or another card with your photograph.',
          ja: '学生証・職員証、または顔写真のある証明書を持って、窓口にお越しください。',
        },
        evidence: [
          { id: 'university-card', name: { en: 'student or staff card', ja: '学生証・職員証' } },
          {
            id: 'official-card',
            name: { en: 'official card with photograph', ja: '顔写真のある公的な証明書' },
          },
        ],
      },
      {
        id: 'video',
        name: { en: 'By video, showing the card', ja: 'ビデオ通話で証明書を提示' },
        bring: {
          en: 'Ask the desk for a time; it calls you. Have your student or staff card at hand.',
          ja: '時間を窓口とご相談ください。窓口からビデオ通話をかけます。学生証・職員証をお手元にご用意ください。',
        },
        evidence: [
          { id: 'university-card', name: { en: 'student or staff card', ja: '学生証・職員証' } },
          {
            id: 'official-card',
            name: { en: 'official card with photograph', ja: '顔写真のある公的な証明書' },
          },
        ],
      },
      {
        id: 'call-back',
        name: { en: 'Call back to the telephone on record', ja: '登録済みの電話番号に折り返し' },
        bring: {
          en: 'Tell the desk that you want this. It calls you back at the telephone number that the university has on record.',
          ja: '窓口にお申し出ください。大学に登録されている電話番号に、窓口から折り返します。',
        },
        evidence: [{ id: 'number-on-record', name: { en: 'number from the records', ja: '名簿の電話番号' } }],
      },
    ]),
  /** Whose cases two members of staff approve, in addition to everybody who has a role here (R43). */
  two_approvers: z
    .strictObject({
      login_ids: z.array(z.string().min(1)).default([]),
      affiliations: z.array(z.string().min(1)).default([]),
    })
    .prefault({}),
  setup_pass: z
    .strictObject({
      /** From its issue until the user enters the pass (R40). */
      lifetime_minutes: z.int().min(30).max(1440).default(240),
      /** Whose first set-up requires a pass too; without one the password alone is enough. */
      required_for: z
        .strictObject({
          everyone: z.boolean().default(false),
          kinds: z.array(z.enum(['ecs', 'sps'])).default([]),
          affiliations: z.array(z.string().min(1)).default([]),
        })
        .prefault({}),
    })
    .prefault({}),
  /** How long after signing in staff may work before signing in again. */
  session_minutes: z.int().min(5).max(480).default(60),
});
export type DeskSettings = z.output<typeof deskSchema>;
